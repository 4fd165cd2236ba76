"""All checks of a rendering."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import arguments
import nodes
import references
import restricted
from findings import Finding
from objects import Document
from rendered import ROOT


@dataclass(frozen=True)
class World:
    """What manifests are compared with."""

    nodes: list[nodes.Group]
    flags: dict[str, set[str]]
    own_images: set[str]
    max_connections: int

    @staticmethod
    def of(binaries: Path) -> "World":
        text = (ROOT / "deploy/config/postgresql/ec2-2xlarge.conf").read_text()
        found = re.search(r"(?m)^max_connections = (\d+)", text)
        assert found
        return World(nodes.groups(ROOT / "deploy/infra/cluster.yaml"), arguments.help_of(binaries), restricted.own_images(ROOT), int(found[1]))


def check(documents: list[Document], world: World, on_eks: bool) -> list[Finding]:
    """Placement and sizes are of EKS; anything runs on a cluster of one machine."""
    found = [*references.check(documents), *restricted.check(documents, world.own_images),
             *arguments.check(documents, world.flags, world.max_connections)]
    if on_eks:
        found += [*nodes.check(documents, world.nodes), *nodes.services_share_no_node(documents, world.nodes)]
    return found
