#!/usr/bin/env python3
"""Writes dashboards/*.json, which Grafana is given as they are: they are made here and committed, and a test compares them.
Usage: dashboards/source/build.py [FOLDER]"""
from __future__ import annotations

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ beside the sources
sys.path.insert(0, str(Path(__file__).resolve().parent))

import backends  # noqa: E402
import baseline  # noqa: E402
import compare  # noqa: E402
import loadgen  # noqa: E402
import write_path  # noqa: E402

DASHBOARDS = [module.DASHBOARD for module in (baseline, write_path, compare, loadgen, backends)]


def texts() -> dict[str, str]:
    """Name of each file, and what is in it."""
    return {f"{each.file}.json": json.dumps(each.json(), indent=2) + "\n" for each in DASHBOARDS}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    for name, text in texts().items():
        (folder / name).write_text(text)
