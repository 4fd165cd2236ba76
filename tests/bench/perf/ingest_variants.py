"""Who answers POST /api/devices in ./bench perf ingest: ingest in each of its styles, and the contenders that are set up."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services import service_flags
from targets import Target, load_targets

GROUP_NOTE = "group: other database work than the others', one transaction for many requests"
SLOW = ("fastapi",)  # so far from the others that each third round tells
# Connections to PostgreSQL, by synchronous_commit. Of several the best counts: a commit that waits for the disk wants more.
POOLS: dict[str, dict[str, tuple[int, ...]]] = {
    "each": {"off": (4,), "on": (4, 16, 64)},
    "group": {"off": (1, 2), "on": (1, 2)},
    "blocking": {"off": (8,), "on": (8, 32)},
    "go": {"off": (8, 16, 64), "on": (16, 64)},
}


@dataclass(frozen=True)
class Variant:
    """A program with a pool of a size."""

    program: str
    title: str
    words: tuple[str, ...]
    pool: int

    @property
    def name(self) -> str:
        return f"{self.program}-{self.pool}"

    def command(self, port: int, admin_port: int, backends: Sequence[str]) -> list[str]:
        return [*self.words, *service_flags(port, admin_port), *backends, "--pool", str(self.pool)]

    def takes_part(self, turn: int) -> bool:
        return self.program not in SLOW or turn % 3 == 0


@dataclass(frozen=True)
class Program:
    name: str
    title: str
    words: tuple[str, ...]
    pool: int  # where POOLS has none

    def with_pool(self, pool: int) -> Variant:
        return Variant(self.name, f"{self.title}, pool {pool}", self.words, pool)

    def variants(self, commit: str) -> list[Variant]:
        return [self.with_pool(pool) for pool in POOLS.get(self.name, {}).get(commit, (self.pool,))]


@dataclass(frozen=True)
class Style:
    """One of ingest's: what it is started with, where it knows that."""

    name: str
    title: str
    option: str
    value: str


DEFAULT_STYLE = Style("each", "ingest each", "--write-mode", "each")  # of an ingest that has no others, too
STYLES = (DEFAULT_STYLE, Style("group", "ingest group", "--write-mode", "group"),
          Style("blocking", "ingest blocking", "--driver", "blocking"))


def knows(help_text: str, option: str, value: str) -> bool:
    """Of CLI11's help: the option's line lists its values."""
    found = re.search(rf"^\s*{re.escape(option)} (.*)$", help_text, re.MULTILINE)
    return found is not None and re.search(rf"\b{re.escape(value)}\b", found[1]) is not None


def styles_of(program: Path, help_text: str) -> tuple[list[Program], list[str]]:
    """Those that this build of ingest knows, and what is missing."""
    there, missing = [], []
    for style in STYLES:
        known = knows(help_text, style.option, style.value)
        if known or style is DEFAULT_STYLE:
            words = (str(program), *((style.option, style.value) if known else ()))
            there.append(Program(style.name, style.title, words, 0))
        else:
            missing.append(f"{style.name} (this ingest has no {style.option} {style.value})")
    return there, missing


def contenders_of(targets: Mapping[str, Target], root: Path) -> tuple[list[Program], list[str]]:
    """Without variants and what this build makes."""
    there, missing = [], []
    for target in targets.values():
        words = target.commands.get("post")
        if words is None or target.like is not None or target.is_built("post"):
            continue
        if target.missing("post", root):
            missing.append(f"{target.name} ({target.way_out('post')})")
            continue
        program = str((root / words[0]).resolve()) if "/" in words[0] else words[0]
        there.append(Program(target.name, target.name, (program, *words[1:]), target.pool))
    return there, missing


def entered(program: Path, root: Path) -> tuple[list[Program], list[str]]:
    told = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=10, check=True).stdout
    ours, lacking = styles_of(program, told)
    others, not_there = contenders_of(load_targets(root), root)
    return ours + others, lacking + not_there
