"""What can be measured: the entries of apps/contenders/targets.toml."""
from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from programs import CouldNotRun

FILE = Path("apps/contenders/targets.toml")
KINDS = ("get", "post")
RESERVED = ("loadgen", "postgres", "memcached")  # what else a ramp watches, by these names
OURS = "build/release/"  # made by ./bench build, and by ./bench compare itself
DEFAULT_POOL = 8


@dataclass(frozen=True)
class Target:
    name: str
    about: str
    commands: Mapping[str, list[str]]  # by kind, get and post; a kind it does not serve is missing
    ports: Mapping[str, int]           # by kind; the admin port is the next one
    pool: int
    setup: Path | None
    deviations: Path | None
    like: str | None = None  # of a variant: the entry it is one of

    @property
    def is_ours(self) -> bool:
        """Made by this project's build, whose own tests hold it to the contract."""
        return all(self.is_built(kind) for kind in self.commands)

    def is_built(self, kind: str) -> bool:
        return self.commands[kind][0].startswith(OURS)

    def missing(self, kind: str, root: Path) -> Path | None:
        """The program that has to be there first."""
        word = self.commands[kind][0]
        if "/" not in word:  # an interpreter, say
            return None if shutil.which(word) else Path(word)
        return None if (root / word).exists() else root / word

    def way_out(self, kind: str) -> str:
        """What to do when it is missing."""
        word = self.commands[kind][0]
        if self.is_built(kind):
            return "./bench build"
        if self.setup is not None and "/" in word:
            return "./bench setup contenders"
        return f"install {word}" if "/" not in word else f"{FILE} names no setup that makes it"


def parse_targets(text: str) -> dict[str, Target]:
    """Raises CouldNotRun with what is wrong in the file."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise CouldNotRun(f"{FILE}: {wrong}") from None
    return {name: parse_target(name, entry, entries) for name, entry in entries.items()}


def parse_target(name: str, entry: Any, entries: Mapping[str, Any]) -> Target:
    def wrong(what: str) -> CouldNotRun:
        return CouldNotRun(f"{FILE}: [{name}]: {what}")

    if not re.fullmatch("[A-Za-z0-9_-]+", name):
        raise wrong("a name is letters, digits, _ and -")
    if name in RESERVED:
        raise wrong(f"the name is taken: a measurement watches {', '.join(RESERVED)}, too")
    if twin := re.fullmatch("(.*)-[0-9]+", name):
        raise wrong(f"a name that ends in -NUMBER is the same program once more (here \"{twin[1]}\"): take another one")
    if not isinstance(entry, dict):
        raise wrong("is not a table")
    known = {"about", "get", "post", "port", "get_port", "post_port", "pool", "setup", "deviations", "like", "add"}
    if unknown := sorted(entry.keys() - known):
        raise wrong(f"unknown key \"{unknown[0]}\"; known are {', '.join(sorted(known))}")
    like = entry.get("like")
    if like is not None:
        if like not in entries:
            raise wrong(f"is like \"{like}\", which is not there")
        if isinstance(entries[like], dict) and "like" in entries[like]:
            raise wrong(f"is like \"{like}\", which is a variant itself: name \"{entries[like]['like']}\"")
        entry = {**entries[like], **entry}
    add = entry.get("add", [])
    commands = {kind: [*entry[kind], *add] for kind in KINDS if kind in entry}
    for kind, words in commands.items():
        if not entry[kind] or not all(isinstance(word, str) for word in words):
            raise wrong(f"\"{kind}\" is not a list of words")
    if not commands:
        raise wrong("has neither \"get\" nor \"post\"")
    ports = {}
    for kind in commands:
        port = entry.get(f"{kind}_port", entry.get("port"))
        if not isinstance(port, int) or not 0 < port < 65535:
            raise wrong(f"\"{kind}_port\" or \"port\" has to be from 1 to 65534")
        ports[kind] = port
    return Target(name, entry.get("about", name), commands, ports, entry.get("pool", DEFAULT_POOL),
                  Path(entry["setup"]) if "setup" in entry else None,
                  Path(entry["deviations"]) if "deviations" in entry else None, like)


def load_targets(root: Path) -> dict[str, Target]:
    return parse_targets((root / FILE).read_text())
