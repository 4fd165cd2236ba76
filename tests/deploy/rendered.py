"""deploy/ as kustomize makes it: in a copy of the tree that has the secrets' env files, with passwords made at random."""
from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ["eks", "eks-incluster", "kind"]
LOAD_TESTS = ["smoke", "get-ramp", "post-ramp", "compare"]
# Each component is in some rendering: these are in no overlay, but for the user to add. Where they are said to belong.
CHOICES = {"eks-incluster with all choices": ("eks-incluster", ["contender-go", "throttled-cpu", "network-policy", "pod-monitors"]),
           "eks-incluster with both contenders": ("eks-incluster", ["contender-go", "contender-fastapi"])}
Document = dict[str, Any]


def kustomize() -> list[str] | None:
    """`kustomize build`, or kubectl's own if it is new enough to know components."""
    path = f"{ROOT / 'build/tools'}:{os.environ.get('PATH', '')}"
    if found := shutil.which("kustomize", path=path):
        return [found, "build"]
    if (found := shutil.which("kubectl", path=path)) and subprocess.run(
            [found, "kustomize", str(ROOT / "deploy/load/smoke")], capture_output=True, check=False).returncode == 0:
        return [found, "kustomize"]
    return None


def required() -> bool:
    """In the full tier nothing is skipped."""
    return os.environ.get("BEASTMARK_FULL") == "1"


# ctest knows by these words that a test was skipped.
needs_kustomize = unittest.skipUnless(kustomize() or required(), "kustomize is not here: ./bench setup dev makes it, where Go 1.23 or later is")


class Tree:
    """A copy; `folder` may be changed, and is there as long as the block."""

    def __enter__(self) -> "Tree":
        self.owner = tempfile.TemporaryDirectory()
        self.folder = Path(self.owner.name).resolve() / "tree"
        shutil.copytree(ROOT / "deploy", self.folder / "deploy", ignore=shutil.ignore_patterns("*.env"))
        shutil.copytree(ROOT / "dashboards", self.folder / "dashboards")
        subprocess.run([self.folder / "deploy/secrets/make"], check=True)
        for name, (overlay, components) in CHOICES.items():
            text = (self.folder / "deploy/overlays" / overlay / "kustomization.yaml").read_text()
            chosen = "".join(f"  - ../../components/{each}\n" for each in components)
            changed = text.replace("components:\n", f"components:\n{chosen}")
            (made := self.folder / "deploy/overlays" / name).mkdir()
            (made / "kustomization.yaml").write_text(changed)
        return self

    def __exit__(self, *_: object) -> None:
        self.owner.cleanup()

    def build(self, path: str) -> list[Document]:
        command = kustomize()
        assert command
        said = subprocess.run([*command, str(self.folder / "deploy" / path)], capture_output=True, text=True, check=False)
        if said.returncode:
            raise RuntimeError(f"kustomize build deploy/{path}: {said.stderr}")
        return [each for each in yaml.load_all(said.stdout, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if each]


@functools.cache
def renderings() -> dict[str, list[Document]]:
    """By name, each overlay and each load test with the overlay it is for."""
    with Tree() as tree:
        found = {name: tree.build(f"overlays/{name}") for name in [*OVERLAYS, *CHOICES]}
        everything = found["eks-incluster with all choices"]
        for name in LOAD_TESTS:
            found[f"load/{name}"] = [*everything, *tree.build(f"load/{name}")]
        found["kind/smoke"] = [*found["kind"], *tree.build("overlays/kind/smoke")]
    return found
