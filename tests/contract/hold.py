#!/usr/bin/env python3
"""Holds a target of apps/contenders/targets.toml to the contract: contract_test and service_test are run against it,
and what fails is compared with its file of deviations, exactly. Usage: tests/contract/hold.py --help"""
from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the sources
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "perf"))

from programs import CouldNotRun  # noqa: E402
from targets import FILE, KINDS, Target, load_targets  # noqa: E402

SUITES = ("contract_test", "service_test")
LIMIT_S = 900  # of one suite, which takes up to a minute when the target keeps the contract
OTHERS = ("BEASTMARK_", "GTEST_")  # variables that would put something else under test, or leave tests out
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Deviation:
    """A line of the file: the tests that one kind, or both, cannot pass."""

    line: int
    kinds: tuple[str, ...]
    pattern: str  # of names as gtest's filter has them: * and ?; the prefix of an instantiation may be left out
    reason: str

    def covers(self, test: str) -> bool:
        form = re.escape(self.pattern).replace(r"\*", ".*").replace(r"\?", ".")
        suite, dot, name = test.partition(".")
        return any(re.fullmatch(form, known) for known in (test, suite.rpartition("/")[2] + dot + name))


def parse_deviations(text: str, file: str) -> list[Deviation]:
    """Lines "[get: |post: ]PATTERN  # reason"; empty ones and those that begin with # say nothing. Raises CouldNotRun."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = re.fullmatch(r"(?:(get|post): +)?(\S+)\s+#\s*(\S.*)", line.strip())
        if not parts:
            raise CouldNotRun(f"{file}:{number}: is not \"Suite.test  # reason\", with \"get: \" or \"post: \" before it "
                              f"where only that kind deviates: {line.strip()}")
        found.append(Deviation(number, (parts[1],) if parts[1] else KINDS, parts[2], parts[3]))
    return found


@dataclass
class Results:
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    outside: list[str] = field(default_factory=list)  # what failed before the first test or after the last one

    def add(self, other: Results) -> None:
        self.passed |= other.passed
        self.failed |= other.failed
        self.skipped |= other.skipped
        self.outside += other.outside

    @property
    def all(self) -> set[str]:
        return self.passed | self.failed | self.skipped


def parse_results(report: bytes) -> Results:
    """gtest's XML. (Its JSON is not JSON when something outside of a test has failed.) Raises xml.ParseError."""
    results = Results()
    for suite in xml.fromstring(NOT_XML.sub("?", report.decode(errors="replace"))):
        for case in suite:
            name = f"{case.get('classname')}.{case.get('name')}"
            failures = [failure.text or "" for failure in case.iter("failure")]
            if suite.get("name") == "NonTestSuiteFailure":
                results.outside += failures
            elif failures:
                results.failed.add(name)
            elif case.get("result") == "completed":
                results.passed.add(name)
            else:
                results.skipped.add(name)
    return results


def complaints(results: Results, deviations: Iterable[Deviation], kind: str) -> Iterator[str]:
    """Empty when exactly the tests that are listed fail. One that was skipped may be listed: it is of the other kind."""
    listed = [deviation for deviation in deviations if kind in deviation.kinds]
    for test in sorted(results.failed):
        if not any(deviation.covers(test) for deviation in listed):
            yield f"fails, and is not listed: {test}"
    for deviation in listed:
        covered = {test for test in results.all if deviation.covers(test)}
        if not covered:
            yield f"line {deviation.line} is of no test: {deviation.pattern}"
        for test in sorted(covered & results.passed):
            yield f"passes, but line {deviation.line} lists it: {test}"
    for text in results.outside:
        yield "outside of any test: " + " | ".join(text.strip().splitlines()[:6])


def run_suite(program: Path, command: list[str], kind: str, root: Path, log: Path) -> Results:
    """`log` gets all that was said. Raises CouldNotRun when the suite did not come to its end."""
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    environment |= {"BEASTMARK_CONTRACT_COMMAND": json.dumps(command), "BEASTMARK_CONTRACT_KIND": kind}
    with open(log, "wb") as said:
        try:
            ended = subprocess.run([str(program.absolute()), f"--gtest_output=xml:{report.absolute()}"], cwd=root,
                                   env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                                   timeout=LIMIT_S, check=False)
        except OSError as failure:
            raise CouldNotRun(f"{program}: {failure.strerror}: ./bench build makes it") from None
        except subprocess.TimeoutExpired:
            raise CouldNotRun(f"{program.name} did not end within {LIMIT_S} s, see {log}") from None
    how = f"{program.name} ended with " + (f"signal {-ended.returncode}" if ended.returncode < 0
                                           else f"exit code {ended.returncode}")
    try:
        results = parse_results(report.read_bytes())
    except (FileNotFoundError, xml.ParseError):
        raise CouldNotRun(f"{how} and without results, see {log}") from None
    if (ended.returncode == 0) != (not results.failed and not results.outside) or ended.returncode not in (0, 1):
        raise CouldNotRun(f"{how}, which does not fit its results, see {log}")
    return results


def hold(target: Target, kind: str, root: Path, build: Path) -> bool:
    """One kind of one target; says how it went. Raises CouldNotRun."""
    if missing := target.missing(kind, root):
        raise CouldNotRun(f"{missing} is not there: {target.way_out(kind)}")
    file = target.deviations
    try:
        deviations = parse_deviations((root / file).read_text(), str(file)) if file else []
    except FileNotFoundError:
        raise CouldNotRun(f"{file} is not there, which {FILE} names") from None
    logs = build / "contract"
    logs.mkdir(parents=True, exist_ok=True)
    results = Results()
    for suite in SUITES:
        of_suite = run_suite(build / "tests" / suite, target.commands[kind], kind, root,
                             logs / f"{target.name}-{kind}-{suite}.log")
        results.add(of_suite)
        if not of_suite.passed and not of_suite.outside:
            results.outside.append(f"no test of {suite} passed")
        if not results.passed and not results.failed:
            break  # it did not start: said once
    found = list(complaints(results, deviations, kind))
    print(f"{target.name} {kind}: {len(results.passed)} tests passed, {len(results.failed)} failed, "
          + (f"as {file} lists" if results.failed else "none is listed") if not found else
          f"{target.name} {kind}: NOT as {file or 'the contract'} says; logs: {logs}/{target.name}-{kind}-*.log")
    for line in found:
        print(f"  {line}")
    return not found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=f"Holds a target of {FILE} to the contract: every test of contract_test "
                                     "and service_test passes, but for those that its file of deviations lists, which "
                                     "all fail. Exit code: 0 it is so, 1 it is not.")
    parser.add_argument("target", nargs="?", help="its name")
    parser.add_argument("kind", nargs="?", choices=KINDS, help="default: each that it serves")
    parser.add_argument("--build", type=Path, default=Path("build/release"), help="where tests/contract_test is")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true",
                        help="instead: the targets that are held, without variants and what this build makes; name, "
                        "program that makes it or -, kinds")
    chosen = parser.parse_args(arguments)
    if not chosen.list and not chosen.target:
        parser.error("which target?")
    try:
        targets = load_targets(chosen.root)
        if chosen.list:
            for target in targets.values():
                if target.like is None and not target.is_ours:
                    print(target.name, target.setup or "-", *target.commands, sep="\t")
            return 0
        if chosen.target not in targets:
            raise CouldNotRun(f"no target \"{chosen.target}\" in {FILE}; known are {', '.join(targets)}")
        target = targets[chosen.target]
        kinds = [chosen.kind] if chosen.kind else list(target.commands)
        if kinds[0] not in target.commands:
            raise CouldNotRun(f"{target.name} does not serve {kinds[0]}")
        return 0 if all([hold(target, kind, chosen.root, chosen.root / chosen.build) for kind in kinds]) else 1
    except CouldNotRun as failure:
        print(f"hold: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
