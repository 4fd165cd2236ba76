#!/usr/bin/env python3
"""Runs clang-tidy on the sources of a build folder, each unless it was clean before: what it depends on is then the same.

That is the source with its headers and comments, how it is compiled, .clang-tidy, and the version. What was clean is kept
in ${XDG_CACHE_HOME:-~/.cache}/beastmark/clang-tidy, for two months after it was last asked for.

Prints what is wrong. Exit code: 0 nothing, 1 something, 2 bad use or no tool.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import dropwhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT_S = 60 * 86400


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "beastmark/clang-tidy"


def output_of(command: list[str], folder: str) -> bytes:
    return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout


class Tidy:
    def __init__(self, build: Path, suffix: str) -> None:
        self.build, self.program = build, f"clang-tidy{suffix}"
        self.compiler = f"clang++{suffix}"
        version = output_of([self.program, "--version"], ".")
        self.common = version + (ROOT / ".clang-tidy").read_bytes()
        self.cache = cache_folder()
        self.cache.mkdir(parents=True, exist_ok=True)

    def key(self, entry: dict[str, str]) -> str | None:
        """None where it cannot be preprocessed, which clang-tidy then says in its own words."""
        flags = dropwhile(lambda word: not word.startswith("-"), shlex.split(entry["command"]))  # behind ccache and the compiler
        words = [word for word in flags if word not in ("-c", entry["file"])]
        if "-o" in words:
            del words[(at := words.index("-o")):at + 2]
        try:
            # Without line markers and so the same in each checkout; with comments, as NOLINT is one.
            text = output_of([self.compiler, *words, "-E", "-P", "-C", "-w", entry["file"]], entry["directory"])
        except subprocess.CalledProcessError:
            return None
        seen = b"\0".join([self.common, "\n".join(words).encode(), entry["file"].encode(), text])
        return hashlib.sha256(seen.replace(str(ROOT).encode(), b"")).hexdigest()

    def check(self, entry: dict[str, str]) -> str:
        """What is wrong with it; nothing when it is clean."""
        key = self.key(entry)
        clean = self.cache / key if key else None
        if clean and clean.exists():
            clean.touch()
            return ""
        ended = subprocess.run([self.program, "-quiet", "-p", str(self.build), entry["file"]], capture_output=True, text=True,
                               check=False)
        if ended.returncode == 0:
            if clean:
                clean.touch()
            return ""
        return ended.stdout + ended.stderr


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, help="folder with compile_commands.json")
    parser.add_argument("folders", nargs="+", help="of the project, whose sources are looked at")
    parser.add_argument("--suffix", default="-19", help="of the names of clang-tidy and clang++ [-19]")
    asked = parser.parse_args()
    try:
        entries = json.loads((asked.build / "compile_commands.json").read_text())
        tidy = Tidy(asked.build, asked.suffix)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"clang_tidy: {error}", file=sys.stderr)
        return 2
    wanted = re.compile("|".join(f"^{re.escape(str(ROOT / folder))}/" for folder in asked.folders))
    entries = [e for e in entries if wanted.match(e["file"])]
    if not entries:
        print(f"clang_tidy: {asked.build} has no source in {', '.join(asked.folders)}", file=sys.stderr)
        return 2
    for old in tidy.cache.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_S:
            old.unlink(missing_ok=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        wrong = [text for text in pool.map(tidy.check, entries) if text]
    print("\n".join(wrong), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
