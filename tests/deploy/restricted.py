"""What the Pod Security Standard "restricted" asks, what a quantity has to look like, and which images may run."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from findings import Finding
from objects import Document, Pods, image, pods, quantity

# Others' images, each with a reason to be there. Ours are those of deploy/images.
OTHERS = {
    "prom/prometheus", "grafana/grafana", "prom/node-exporter", "prometheuscommunity/postgres-exporter", "prom/memcached-exporter",  # monitoring
    "postgres", "memcached",  # in the cluster
}
SAFE_SYSCTLS = {"net.ipv4.ip_local_port_range"}
VOLUMES = {"configMap", "secret", "emptyDir", "projected", "persistentVolumeClaim", "downwardAPI"}


def own_images(folder: Path) -> set[str]:
    """As deploy/images calls them, in whose registry they are."""
    return {each.get("newName", each["name"]) for each in yaml.safe_load((folder / "deploy/images/kustomization.yaml").read_text())["images"]}


def check(documents: list[Document], own: set[str]) -> list[Finding]:
    spaces = {each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in documents if each["kind"] == "Namespace"}
    found = [Finding("restricted", f"Namespace/{name}", "does not enforce the Pod Security Standard restricted")
             for name, labels in spaces.items() if labels.get("pod-security.kubernetes.io/enforce") != "restricted"]
    for pod in pods(documents):
        found += of_pod(pod)
        for container in pod.containers:
            found += of_container(pod, container)
            found += origin(pod, container, own)
            found += resources(pod, container)
    return found


def of_pod(pod: Pods) -> Iterator[Finding]:
    context = pod.spec.get("securityContext", {})
    for key, wanted in (("runAsNonRoot", True), ("seccompProfile", {"type": "RuntimeDefault"})):
        if context.get(key) != wanted:
            yield Finding("restricted", pod.where, f"{key} of the pod is {context.get(key)}, not {wanted}")
    if not context.get("runAsUser"):
        yield Finding("restricted", pod.where, "has no user")
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield Finding("restricted", pod.where, f"has {key}")
    for volume in pod.spec.get("volumes", []):
        if not VOLUMES & set(volume):
            yield Finding("restricted", pod.where, f"the volume {volume['name']} is of a kind that is not allowed")
    for each in context.get("sysctls", []):
        if each["name"] not in SAFE_SYSCTLS:
            yield Finding("restricted", pod.where, f"the sysctl {each['name']} is not safe: nodes refuse the pod")
    if pod.spec.get("automountServiceAccountToken") is not False and pod.spec.get("serviceAccountName") != "prometheus":
        yield Finding("restricted", pod.where, "is given a token of the API server, which it does not need")


def of_container(pod: Pods, container: dict[str, Any]) -> Iterator[Finding]:
    context = container.get("securityContext", {})
    for key, wanted in (("allowPrivilegeEscalation", False), ("readOnlyRootFilesystem", True), ("capabilities", {"drop": ["ALL"]})):
        if context.get(key) != wanted:
            yield Finding("restricted", pod.where, f"{key} of {container['name']} is {context.get(key)}, not {wanted}")
    for key in ("privileged", "runAsUser", "runAsNonRoot"):
        if key in context:
            yield Finding("restricted", pod.where, f"{container['name']} has a {key} of its own: the pod's counts")
    for port in container.get("ports", []):
        if "hostPort" in port:
            yield Finding("restricted", pod.where, f"{container['name']} has a port of its node")


def origin(pod: Pods, container: dict[str, Any], own: set[str]) -> Iterator[Finding]:
    name, tag = image(container)
    if not tag or tag == "latest":
        yield Finding("images", pod.where, f"{name} has no tag that stays the same")
    if name not in OTHERS | own:
        yield Finding("images", pod.where, f"{name} is not one of {sorted(OTHERS | own)}")
    if container.get("imagePullPolicy") == "Always":
        yield Finding("images", pod.where, f"{name} is pulled anew at each start")


def resources(pod: Pods, container: dict[str, Any]) -> Iterator[Finding]:
    given = container.get("resources", {})
    for kind in ("requests", "limits"):
        for what, value in given.get(kind, {}).items():
            if quantity(value) is None:
                yield Finding("quantities", pod.where, f"{kind}.{what} of {container['name']} is '{value}'")
    for kind, what in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        if what not in given.get(kind, {}):
            yield Finding("quantities", pod.where, f"{container['name']} has no {what} in its {kind}")
    for what, asked in given.get("requests", {}).items():
        most = quantity(given.get("limits", {}).get(what, asked))
        if (least := quantity(asked)) is not None and most is not None and least > most:
            yield Finding("quantities", pod.where, f"{container['name']} asks for {what} {asked}, more than its limit")
