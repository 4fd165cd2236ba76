"""Where pods may run, and whether they fit: labels, taints and sizes of the node groups in deploy/infra/cluster.yaml."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from findings import Finding
from objects import Document, Pods, pods

# vCPUs, MiB, pods at most (by its network interfaces), architecture.
INSTANCES = {
    "m7a.large": (2, 8 * 1024, 29, "amd64"),
    "m7a.xlarge": (4, 16 * 1024, 58, "amd64"),
    "i4i.2xlarge": (8, 64 * 1024, 58, "amd64"),
    "c8g.xlarge": (4, 8 * 1024, 58, "arm64"),
    "c8g.4xlarge": (16, 32 * 1024, 234, "arm64"),
}
OF_EKS_ITSELF = 0.15  # CPUs that aws-node, kube-proxy and the like ask for on each node
KERNEL_KEEPS = 0.07  # of the memory, at most, before the kubelet sees it


@dataclass(frozen=True)
class Group:
    name: str
    count: int
    most: int
    labels: dict[str, str]
    taints: list[dict[str, str]]
    cpus: float
    memory: float

    @staticmethod
    def of(given: dict[str, Any]) -> "Group":
        cpus, mib, most_pods, architecture = INSTANCES[given["instanceType"]]
        # What EKS reserves: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the others.
        reserved = 0.06 + 0.01 * (cpus > 1) + 0.005 * min(max(cpus - 2, 0), 2) + 0.0025 * max(cpus - 4, 0)
        memory = mib * (1 - KERNEL_KEEPS) - (11 * most_pods + 255) - 100
        return Group(given["name"], given["desiredCapacity"], given["maxSize"], {**given.get("labels", {}), "kubernetes.io/arch": architecture},
                     given.get("taints", []), round(cpus - reserved, 3), memory * 2**20)


def groups(path: Path) -> list[Group]:
    return [Group.of(each) for each in yaml.safe_load(path.read_text())["managedNodeGroups"]]


def tolerated(taint: dict[str, str], tolerations: list[dict[str, str]]) -> bool:
    return any((each.get("operator") == "Exists" and each.get("key") in (None, taint["key"])) or
               (each.get("key") == taint["key"] and each.get("value") == taint["value"] and
                each.get("effect") in (None, taint["effect"])) for each in tolerations)


def check(documents: list[Document], nodes: list[Group]) -> list[Finding]:
    every = list(pods(documents))
    daemons = [pod for pod in every if pod.workload["kind"] == "DaemonSet"]
    on: dict[str, list[Pods]] = {group.name: [] for group in nodes}
    found: list[Finding] = []
    for pod in every:
        if pod not in daemons:
            found += place(pod, nodes, on)
    for group in nodes:
        if on[group.name]:
            found += fit(group, on[group.name], daemons)
    return found


def place(pod: Pods, nodes: list[Group], on: dict[str, list[Pods]]) -> Iterator[Finding]:
    selector, tolerations = pod.spec.get("nodeSelector", {}), pod.spec.get("tolerations", [])
    for need in ("node", "kubernetes.io/arch"):
        if need not in selector:
            yield Finding("placement", pod.where, f"does not choose its nodes by the label {need}")
    chosen = [group for group in nodes if all(group.labels.get(key) == value for key, value in selector.items())]
    if not chosen:
        yield Finding("placement", pod.where, f"no node group has the labels {selector}")
    for group in chosen:
        for taint in group.taints:
            if not tolerated(taint, tolerations):
                yield Finding("placement", pod.where, f"does not tolerate {taint['key']}={taint['value']} of the node group {group.name}")
        on[group.name].append(pod)
    for each in tolerations:
        if "key" in each and not any(tolerated(taint, [each]) for group in nodes for taint in group.taints):
            yield Finding("placement", pod.where, f"tolerates {each['key']}={each.get('value')}, a taint that no node group has")


def fit(group: Group, here: list[Pods], daemons: list[Pods]) -> Iterator[Finding]:
    """First the largest; a node that is not there yet counts, as the user scales that group up."""
    left_cpus = group.cpus - OF_EKS_ITSELF - sum(pod.requested("cpu") for pod in daemons)
    left_memory = group.memory - sum(pod.requested("memory") for pod in daemons)
    count = max(group.count, 1) if not any(pod.workload["metadata"]["name"] == "go" for pod in here) else group.most
    free = [[left_cpus, left_memory] for _ in range(count)]
    for pod in sorted(here, key=lambda each: -each.requested("cpu")):
        cpu, memory = pod.requested("cpu"), pod.requested("memory")
        for _ in range(pod.count):
            node = next((each for each in free if each[0] >= cpu and each[1] >= memory), None)
            if not node:
                yield Finding("capacity", pod.where, f"asks for {cpu:g} CPUs and {memory / 2**20:.0f} MiB; {count} node(s) of the group "
                              f"{group.name} have {left_cpus:.2f} and {left_memory / 2**20:.0f} to give away, and {len(here)} kinds of pods")
                break
            node[0] -= cpu
            node[1] -= memory


def services_share_no_node(documents: list[Document], nodes: list[Group]) -> list[Finding]:
    """By their requests, whatever the scheduler prefers."""
    asked = sorted(((pod.requested("cpu"), pod) for pod in pods(documents)
                    if pod.labels.get("app.kubernetes.io/component") == "service"), key=lambda each: each[0])
    most = max(group.cpus for group in nodes if group.name == "general")
    if len(asked) > 1 and asked[0][0] + asked[1][0] <= most:
        return [Finding("capacity", asked[0][1].where, f"fits beside {asked[1][1].where} on one node of {most:g} CPUs: they would disturb "
                        "each other")]
    return []
