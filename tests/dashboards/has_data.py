#!/usr/bin/env python3
"""Whether each query of each panel of each dashboard has finite data in a Prometheus, as a person would see it who opens the
dashboard. What cannot have data on every machine is listed, with the reason and the programs it needs, in needs_more.yml.

Exit code: 0 all have data or are listed; 1 something has none, or a rule fails; 2 Prometheus could not be asked."""
from __future__ import annotations

import argparse
import json
import math
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # no __pycache__ beside the sources
sys.path.insert(0, str(Path(__file__).resolve().parent))

import strict_yaml  # noqa: E402
from queries import BUILT_IN, Target, chosen, load, substitute, targets  # noqa: E402

NEEDS_MORE = Path(__file__).resolve().parent / "needs_more.yml"
STEP_S = 5


class NoAnswer(Exception):
    """Prometheus could not be asked, or did not understand."""


@dataclass(frozen=True)
class Prometheus:
    url: str
    start: float
    end: float

    def ask(self, path: str, **parameters: str) -> Any:
        address = f"{self.url.rstrip('/')}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise NoAnswer(f"{address}: {json.load(error).get('error', error)}") from None
        except (OSError, ValueError) as error:
            raise NoAnswer(f"{self.url} does not answer ({error}): is Prometheus there? ./bench stack status says") from None

    def samples(self, target: Target) -> list[float]:
        """All values that the panel would show, those that are no number too."""
        length = f"{max(1, round(self.end - self.start))}s"
        expr = substitute(target.expr, chosen(target.dashboard), {**BUILT_IN, "__range": length})
        if target.instant:
            found = self.ask("query", query=expr, time=str(self.end))["result"]
            return [float(series["value"][1]) for series in found]
        found = self.ask("query_range", query=expr, start=str(self.start), end=str(self.end), step=str(STEP_S))["result"]
        return [float(value) for series in found for _, value in series["values"]]

    def broken_rules(self) -> list[str]:
        return [f"{rule['name']}: {rule['lastError']}" for group in self.ask("rules")["groups"] for rule in group["rules"]
                if rule["health"] == "err"]


@dataclass(frozen=True)
class Need:
    """Panels of a dashboard that have data only where something is that not every machine has."""

    dashboard: str
    panel: str
    program: str
    reason: str


def needs(text: str) -> list[Need]:
    return [Need(panel["dashboard"], panel["panel"], each["program"], each["reason"])
            for each in strict_yaml.load(text)["needs"] for panel in each["panels"]]


def need_of(target: Target, every: Sequence[Need]) -> Need | None:
    return next((need for need in every if need.dashboard == target.dashboard["title"] and need.panel == target.panel["title"]), None)


def verdict(values: Sequence[float], need: Need | None) -> tuple[bool, str]:
    """Whether it is as it should be, and what to say."""
    finite = sum(map(math.isfinite, values))
    if finite:
        return True, f"{finite} values"
    if need:
        return True, f"no data: needs {need.program} ({need.reason})"
    return False, "no data" if not values else "no number in what it gives"


def check(prometheus: Prometheus, dashboards: Sequence[dict[str, Any]], every: Sequence[Need], quiet: bool) -> int:
    """How many are not as they should be; prints what is said of each."""
    bad = 0
    for dashboard in dashboards:
        for target in targets(dashboard):
            good, text = verdict(prometheus.samples(target), need_of(target, every))
            bad += not good
            if not (good and quiet):
                print(f"{'ok     ' if good else 'FAILED '} {target}: {text}")
    for text in prometheus.broken_rules():
        bad += 1
        print(f"FAILED  rule {text}")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:9090", help="of Prometheus (default: %(default)s)")
    parser.add_argument("--last", type=float, default=60, metavar="SECONDS", help="looked at, back from now (default: %(default)s)")
    parser.add_argument("--from", dest="start", type=float, metavar="UNIX-TIME", help="instead of --last")
    parser.add_argument("--to", dest="end", type=float, metavar="UNIX-TIME", help="(default: now)")
    parser.add_argument("--quiet", action="store_true", help="say only what is not as it should be")
    options = parser.parse_args()
    end = options.end or time.time()
    try:
        bad = check(Prometheus(options.url, options.start or end - options.last, end), load(), needs(NEEDS_MORE.read_text()),
                    options.quiet)
    except NoAnswer as error:
        print(f"has_data: {error}", file=sys.stderr)
        return 2
    print(f"{bad} without data" if bad else "each query has data, or is listed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
