#!/usr/bin/env python3
"""What programs export: read from the programs themselves, or from the kept lists in exported/, for exporters that a test cannot start.

A kept list has a series name a line, "counter memcached_commands_total{command,status}"; its file's name says of which version.
It is made anew by: tests/dashboards/exported.py http://127.0.0.1:9150/metrics >tests/dashboards/exported/NAME-VERSION.txt"""
from __future__ import annotations

import re
import sys
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "exported"
SERIES = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+(?: \d+)?$")
LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
# What Prometheus adds to all that it scrapes, and the labels that our scrape configuration adds (deploy/monitoring).
TARGET_LABELS = {"job", "instance", "backend"}


@dataclass
class Metric:
    """`values` of each label; none where only its name is known."""

    kind: str
    labels: dict[str, set[str]] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether only its rate means something."""
        return self.kind == "counter"


def scraped(text: str) -> dict[str, Metric]:
    """Of Prometheus' text format: series names, so "..._bucket" for a histogram."""
    kinds: dict[str, str] = {}
    found: dict[str, Metric] = {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("# TYPE "):
            for ending in PARTS.get(words[3], ("",)):
                kinds[words[2] + ending] = "counter" if ending in ("_bucket", "_sum", "_count") else words[3]
        elif (series := SERIES.match(line)) and not line.startswith("#"):
            metric = found.setdefault(series[1], Metric(kinds.get(series[1], "untyped")))
            for name, value in LABEL.findall(series[2] or ""):
                metric.labels.setdefault(name, set()).add(value)
    return found


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read(), "utf-8")


def kept(folder: Path = FOLDER) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                kind, name = line.split(" ", 1)
                name, _, labels = name.rstrip("}").partition("{")
                merge(found, {name: Metric(kind, {label: set() for label in labels.split(",") if label})})
    return found


def merge(into: dict[str, Metric], more: dict[str, Metric]) -> None:
    for name, metric in more.items():
        known = into.setdefault(name, Metric(metric.kind))
        for label, values in metric.labels.items():
            known.labels.setdefault(label, set()).update(values)


def listed(metrics: dict[str, Metric]) -> Iterable[str]:
    for name, metric in sorted(metrics.items()):
        labels = ",".join(sorted(metric.labels))
        yield f"{metric.kind} {name}{'{' + labels + '}' if labels else ''}"


if __name__ == "__main__":
    print("\n".join(listed(scraped(read(sys.argv[1])))))
