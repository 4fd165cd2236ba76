"""The parts of manifests that several checks look at."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
SUFFIXES = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi|Ti)?$")


def where(document: Document) -> str:
    meta = document.get("metadata", {})
    return "/".join(part for part in (meta.get("namespace"), document["kind"], meta.get("name")) if part)


def quantity(value: Any) -> float | None:
    """None where it is none."""
    found = QUANTITY.match(str(value))
    return float(found[1]) * SUFFIXES[found[2] or ""] if found else None


def image(container: dict[str, Any]) -> tuple[str, str]:
    """Its name and its tag, which may be empty; a registry may have a port."""
    folder, _, last = str(container.get("image", "")).rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}/{name}" if folder else name, tag


@dataclass(frozen=True)
class Pods:
    """A workload, and what its pods are."""

    workload: Document
    namespace: str
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def where(self) -> str:
        return where(self.workload)

    @property
    def count(self) -> int:
        spec = self.workload["spec"]
        return int(spec.get("parallelism", 1) if self.workload["kind"] == "Job" else spec.get("replicas", 1))

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", []), *self.spec.get("containers", [])]

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for each in self.containers for port in each.get("ports", []) if "name" in port}

    def requested(self, what: str) -> float:
        return sum(quantity(each.get("resources", {}).get("requests", {}).get(what, 0)) or 0 for each in self.containers)


def pods(documents: Iterable[Document]) -> Iterator[Pods]:
    for each in documents:
        if each["kind"] in WORKLOADS:
            template = each["spec"].get("template", {})
            yield Pods(each, each["metadata"].get("namespace", ""), template.get("metadata", {}).get("labels", {}), template.get("spec", {}))


def selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """A label selector with matchLabels and matchExpressions (In only, which is all that is used)."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", []))


def options(container: dict[str, Any]) -> dict[str, list[str]]:
    """--name=value of its arguments, all values of each."""
    found: dict[str, list[str]] = {}
    for argument in map(str, container.get("args", [])):
        if argument.startswith("-"):
            name, _, value = argument.partition("=")
            found.setdefault(name, []).append(value)
    return found


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not found:
        raise ValueError(f"'{text}' is no duration")
    return float(found[1]) * {"ms": 1e-3, "s": 1, "m": 60, "h": 3600}[found[2]]
