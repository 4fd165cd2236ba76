"""What a service says of itself at /metrics while it is measured."""
from __future__ import annotations

import re
import urllib.request

from programs import CouldNotRun


def parse_metric(text: str, name: str, **labels: str) -> float | None:
    """The sum of its samples that have these labels, of Prometheus' text format; None where there is none."""
    values = []
    for found in re.finditer(rf"^{re.escape(name)}(?:\{{(.*)\}})? (\S+)", text, re.MULTILINE):
        has = dict(re.findall(r'(\w+)="([^"]*)"', found[1] or ""))
        if labels.items() <= has.items():
            values.append(float(found[2]))
    return sum(values) if values else None


def scrape(admin_port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError as error:
        raise CouldNotRun(f"no metrics on port {admin_port}: {error}") from None
