"""What manifests name has to be there: namespaces, selected pods, ports, volumes, configuration, secrets, accounts."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from findings import Finding
from objects import Document, Pods, pods, selected, where

APPLY_LIMIT = 256 * 1024  # of the annotation in which "kubectl apply" keeps what it was given
CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding"}


def check(documents: list[Document]) -> list[Finding]:
    every = list(pods(documents))
    found: list[Finding] = []
    for each in (namespaces, sizes, selectors, services, policies):
        found += each(documents, every)
    objects = {where(each): each for each in documents}
    for pod in every:
        for check_pod in (volumes, probes):
            found += check_pod(pod)
        found += configuration(pod, objects)
    return found


def namespaces(documents: list[Document], _: list[Pods]) -> Iterator[Finding]:
    known = {each["metadata"]["name"] for each in documents if each["kind"] == "Namespace"}
    seen: set[str] = set()
    for each in documents:
        name = where(each)
        if name in seen:
            yield Finding("names", name, "is there twice")
        seen.add(name)
        if each["kind"] not in CLUSTER_WIDE and (space := each["metadata"].get("namespace")) not in known:
            yield Finding("namespaces", name, f"the namespace {space} is not there, but {sorted(known)}")


def sizes(documents: list[Document], _: list[Pods]) -> Iterator[Finding]:
    for each in documents:
        if (size := len(json.dumps(each))) > APPLY_LIMIT - 1024:
            yield Finding("sizes", where(each), f"{size} bytes are more than the {APPLY_LIMIT} of kubectl apply's annotation")


def selectors(_: list[Document], every: list[Pods]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], str] = {}
    for pod in every:
        selector = pod.workload["spec"].get("selector")
        if selector is None:
            continue  # a Job makes its own
        if not selected(selector, pod.labels):
            yield Finding("selectors", pod.where, f"selects {selector}, its own pods have {pod.labels}")
        key = (pod.namespace, json.dumps(selector, sort_keys=True))
        if key in seen:
            yield Finding("selectors", pod.where, f"selects the pods of {seen[key]}, too")
        seen[key] = pod.where


def services(documents: list[Document], every: list[Pods]) -> Iterator[Finding]:
    for each in documents:
        if each["kind"] != "Service" or each["spec"].get("type") == "ExternalName":
            continue
        selector = each["spec"].get("selector", {})
        behind = [pod for pod in every if pod.namespace == each["metadata"].get("namespace") and
                  selected({"matchLabels": selector}, pod.labels)]
        if not selector or not behind:
            yield Finding("selectors", where(each), f"no pod has the labels {selector}")
        for port in each["spec"].get("ports", []):
            target = port.get("targetPort", port["port"])
            for pod in behind:
                if target not in pod.ports and target not in pod.ports.values():
                    yield Finding("ports", where(each), f"its target {target} is no port of {pod.where}, which has {pod.ports}")


def policies(documents: list[Document], every: list[Pods]) -> Iterator[Finding]:
    spaces = {each["metadata"]["name"] for each in documents if each["kind"] == "Namespace"}
    for each in documents:
        if each["kind"] != "NetworkPolicy":
            continue
        space = each["metadata"].get("namespace")
        kept = [pod for pod in every if pod.namespace == space and selected(each["spec"]["podSelector"], pod.labels)]
        if not kept and each["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/component") == "load":
            continue  # there is a load test only while it runs
        if not kept:
            yield Finding("selectors", where(each), f"no pod is selected by {each['spec']['podSelector']}")
        for rule in each["spec"].get("ingress", []):
            for port in rule.get("ports", []):
                if not any(port["port"] in pod.ports or port["port"] in pod.ports.values() for pod in kept):
                    yield Finding("ports", where(each), f"no pod that it selects has the port {port['port']}")
            for peer in rule.get("from", []):
                other = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", space)
                if other not in spaces:
                    yield Finding("namespaces", where(each), f"lets the namespace {other} in, which is not there")
                elif not any(pod.namespace == other and selected(peer.get("podSelector", {}), pod.labels) for pod in every) and \
                        peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/component") != "load":
                    yield Finding("selectors", where(each), f"lets in {peer['podSelector']}, which no pod of {other} is")


def volumes(pod: Pods) -> Iterator[Finding]:
    there = {each["name"] for each in pod.spec.get("volumes", [])}
    there |= {each["metadata"]["name"] for each in pod.workload["spec"].get("volumeClaimTemplates", [])}
    mounted = {mount["name"] for each in pod.containers for mount in each.get("volumeMounts", [])}
    for name in sorted(mounted - there):
        yield Finding("volumes", pod.where, f"mounts {name}, which is no volume of it")
    for name in sorted(there - mounted):
        yield Finding("volumes", pod.where, f"has the volume {name}, which nothing mounts")


def probes(pod: Pods) -> Iterator[Finding]:
    for container in pod.containers:
        own = {port.get("name"): port["containerPort"] for port in container.get("ports", [])}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container.get(kind, {})
            for how in ("httpGet", "tcpSocket"):
                if how in probe and (port := probe[how]["port"]) not in own and port not in own.values():
                    yield Finding("ports", pod.where, f"{kind} asks {container['name']} at {port}, which has {own}")
    numbers = [port["containerPort"] for each in pod.containers for port in each.get("ports", [])]
    for number in sorted({each for each in numbers if numbers.count(each) > 1}):
        yield Finding("ports", pod.where, f"{number} is the port of two containers of one pod")


def configuration(pod: Pods, objects: dict[str, Document]) -> Iterator[Finding]:
    def look(kind: str, reference: dict[str, Any], name: str, keys: list[str]) -> Iterator[Finding]:
        there = objects.get(f"{pod.namespace}/{kind}/{reference.get(name)}")
        if not there:
            yield Finding("references", pod.where, f"names the {kind} {reference.get(name)}, which its namespace does not have")
            return
        for key in keys:
            if key not in {**there.get("data", {}), **there.get("stringData", {})}:
                yield Finding("references", pod.where, f"the {kind} {reference[name]} has no key {key}")

    for container in pod.containers:
        for each in container.get("env", []):
            source = each.get("valueFrom", {})
            for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                if field in source:
                    yield from look(kind, source[field], "name", [source[field]["key"]])
        for each in container.get("envFrom", []):
            for kind, field in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                if field in each:
                    yield from look(kind, each[field], "name", [])
    for volume in pod.spec.get("volumes", []):
        parts = [volume, *volume.get("projected", {}).get("sources", [])]
        paths = [mount["subPath"] for each in pod.containers for mount in each.get("volumeMounts", [])
                 if mount["name"] == volume["name"] and "subPath" in mount]
        for part in parts:
            if "configMap" in part:
                yield from look("ConfigMap", part["configMap"], "name", paths)
            if "secret" in part:
                yield from look("Secret", part["secret"], "secretName" if part is volume else "name", paths)
    if account := pod.spec.get("serviceAccountName"):
        yield from look("ServiceAccount", {"name": account}, "name", [])
