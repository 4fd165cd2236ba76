#!/usr/bin/env python3
"""Draws every panel of the dashboards from Prometheus, or from a recording of what it said, into one page and pictures.

Exit code: 0 drawn, 1 it could not be, or Prometheus refused what a panel asks (it is named), 2 bad use.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from model import BadDashboard, Span, load
from page import make_page
from pictures import take
from source import NoAnswer, Prometheus, Recorder, Recording, Source, parse_time

ROOT = Path(__file__).resolve().parents[2]
PORT = 9090


def default_url() -> str:
    """That of ./bench stack, wherever its ports are."""
    try:
        offset = json.loads((ROOT / "out/stack/stack.json").read_text())["port_offset"]
    except (OSError, ValueError, KeyError):
        offset = 0
    return f"http://127.0.0.1:{PORT + offset}"


def arguments(argv: list[str]) -> argparse.Namespace:
    now = time.time()

    def moment(text: str) -> float:
        try:
            return parse_time(text, now)
        except ValueError:
            raise argparse.ArgumentTypeError(f'"{text}" is no time: now, now-15m, seconds since 1970 or 2026-01-31T12:00:00Z') from None

    parser = argparse.ArgumentParser(prog="bench dashboards render", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--url", help="of Prometheus [that of ./bench stack]")
    source.add_argument("--from-recording", type=Path, metavar="FILE", help="instead of Prometheus: what --record kept")
    parser.add_argument("--from", dest="start", type=moment, metavar="TIME", help="[now-15m]")
    parser.add_argument("--to", dest="end", type=moment, metavar="TIME", help="[now]")
    parser.add_argument("--dashboard", type=lambda text: text.split(","), metavar="NAME,...", help="[all]")
    parser.add_argument("--dashboards", type=Path, default=ROOT / "dashboards", help="their folder")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what Prometheus says")
    parser.add_argument("--out", type=Path, help="folder, made by this [out/dashboards-TIME]")
    parser.add_argument("--no-pictures", action="store_true")
    parser.add_argument("--check", action="store_true", help="of the options only: nothing is drawn")
    asked = parser.parse_args(argv)
    if asked.from_recording and (asked.start or asked.end or asked.record):
        parser.error("--from, --to and --record are not for a recording, which has its own time")
    if asked.url and not asked.url.startswith(("http://", "https://")):
        parser.error(f'--url wants http://HOST:PORT, not "{asked.url}"')
    asked.end = asked.end or now
    asked.start = asked.start or asked.end - 900
    if asked.end <= asked.start:
        parser.error("--from has to be before --to")
    return asked


def render(asked: argparse.Namespace) -> bool:
    """False: Prometheus refused what a panel asks. (What a recording has not is older than the panel.)"""
    dashboards = load(asked.dashboards, asked.dashboard)
    source: Source = (Recording(asked.from_recording) if asked.from_recording
                      else Prometheus(asked.url or default_url(), Span(asked.start, asked.end)))
    if asked.record:
        source = recorder = Recorder(source)
    text, problems = make_page(dashboards, source)
    out = asked.out or ROOT / "out" / time.strftime("dashboards-%Y%m%d-%H%M%S")
    out.mkdir(parents=True, exist_ok=True)
    page = out / "dashboards.html"
    page.write_text(text)
    if asked.record:
        recorder.write(asked.record)
    for problem in problems:
        print(f"not drawn: {problem}", file=sys.stderr)
    for path in [page, *([] if asked.no_pictures else take(page, out))]:
        print(path)
    return not problems or asked.from_recording is not None


def main(argv: list[str]) -> int:
    try:
        asked = arguments(argv)
        return 0 if asked.check or render(asked) else 1
    except (NoAnswer, BadDashboard, OSError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
