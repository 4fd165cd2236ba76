"""Where a panel's figures come from: a Prometheus, or a recording of what one said."""
from __future__ import annotations

import datetime
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from model import Span, Target

FORMAT = "beastmark dashboards recording 1"
TIMEOUT_S = 30


class NoAnswer(Exception):
    """One line: what of whom."""


@dataclass(frozen=True)
class Series:
    labels: dict[str, str]
    points: list[tuple[float, float]]  # seconds since 1970, value; it may be NaN or infinite


class Source(Protocol):
    @property
    def span(self) -> Span: ...

    @property
    def name(self) -> str:
        """What the page says the figures are from."""

    def series(self, target: Target) -> list[Series]: ...


def parse_time(text: str, now: float) -> float:
    """now, now-15m, seconds since 1970, or RFC 3339, in UTC where it does not say. Raises ValueError."""
    if found := re.fullmatch(r"now(?:-(\d+)([smhd]))?", text):
        return now - (int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]] if found[1] else 0)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()  # as the page's times are


class Prometheus:
    def __init__(self, url: str, span: Span) -> None:
        self.url, self.span = url.rstrip("/"), span
        build = self.ask("/api/v1/status/buildinfo")
        self.name = f"Prometheus {build['version']}"

    def ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}{path}?{query}", timeout=TIMEOUT_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as problem:
            said = problem.read().decode(errors="replace")[:500]
            raise NoAnswer(f"Prometheus at {self.url} answered {problem.code} to {parameters.get('query', path)}: {said}") from None
        except (OSError, ValueError, KeyError) as problem:
            raise NoAnswer(f"no Prometheus at {self.url}: {problem}. ./bench stack up starts one; --url says where another is") from None

    def series(self, target: Target) -> list[Series]:
        if target.instant:
            found = self.ask("/api/v1/query", query=target.expr, time=repr(self.span.end))["result"]
            return [Series(each["metric"], [(each["value"][0], float(each["value"][1]))]) for each in found]
        found = self.ask("/api/v1/query_range", query=target.expr, start=repr(self.span.start), end=repr(self.span.end),
                         step=str(target.step))["result"]
        return [Series(each["metric"], [(t, float(value)) for t, value in each["values"]]) for each in found]


def key(target: Target) -> str:
    return f"{'at the end' if target.instant else f'every {target.step} s'}: {target.expr}"


class Recorder:
    """Passes on what another says, and keeps it."""

    def __init__(self, source: Source) -> None:
        self.source, self.span, self.name = source, source.span, source.name
        self.kept: dict[str, Any] = {}

    def series(self, target: Target) -> list[Series]:
        found = self.source.series(target)
        self.kept[key(target)] = [
            {"labels": each.labels, "t": [round(t - self.span.start, 3) for t, _ in each.points],
             "v": [f"{value:.5g}" for _, value in each.points]} for each in found]  # as text: JSON has no NaN
        return found

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = {"format": FORMAT, "source": self.name, "start": self.span.start, "end": self.span.end}
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(series, separators=(',', ':'))}" for name, series in self.kept.items())
        path.write_text(json.dumps(head)[:-1] + ', "queries": {\n' + lines + "\n}}\n")  # a query a line, for whoever compares two


class Recording:
    def __init__(self, path: Path) -> None:
        try:
            self.json = json.loads(path.read_text())
        except (OSError, ValueError) as problem:
            raise NoAnswer(f"no recording in {path}: {problem}") from None
        if not isinstance(self.json, dict) or self.json.get("format") != FORMAT:
            raise NoAnswer(f'{path} is no "{FORMAT}": --record makes one')
        self.span = Span(self.json["start"], self.json["end"])
        self.name = f"a recording of {self.json['source']}"

    def series(self, target: Target) -> list[Series]:
        found = self.json["queries"].get(key(target))
        if found is None:
            raise NoAnswer(f"not in the recording: {target.expr}")
        return [Series(each["labels"], [(self.span.start + t, float(value)) for t, value in zip(each["t"], each["v"], strict=True)])
                for each in found]
