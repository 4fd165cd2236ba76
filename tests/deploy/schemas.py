"""The API's own schemas, strictly (a field that is not known is an error), by kubernetes-validate of requirements.txt."""
from __future__ import annotations

import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml
from findings import Finding
from objects import Document, where
from rendered import ROOT, required

VALIDATOR = ROOT / "build/venv/bin/kubernetes-validate"
needed = unittest.skipUnless(VALIDATOR.exists() or required(), "kubernetes-validate is not here: ./bench test --full brings it")
CUSTOM = {"PodMonitor"}  # kinds of an operator, of which it has no schema


def version() -> str:
    return str(yaml.safe_load((ROOT / "deploy/infra/cluster.yaml").read_text())["metadata"]["version"])


def check(documents: list[Document]) -> list[Finding]:
    """Each in a file of its own: of a file with several, only the first mistake is told."""
    kept = [each for each in documents if each["kind"] not in CUSTOM]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index}.yaml" for index in range(len(kept))]
        for path, each in zip(paths, kept):
            path.write_text(yaml.safe_dump(each))
        said = subprocess.run([VALIDATOR, "--strict", "--kubernetes-version", version(), *paths], capture_output=True, text=True, check=False)
    found = []
    for line in (said.stdout + said.stderr).splitlines():
        if line.startswith(("ERROR ", "WARN ")):  # the latter of a kind or version that it does not know
            _, name, text = line.split(" ", 2)
            found.append(Finding("schema", where(kept[int(Path(name).stem)]), text))
    if said.returncode and not found:
        raise RuntimeError(f"kubernetes-validate: {said.stdout}{said.stderr}")
    return found
