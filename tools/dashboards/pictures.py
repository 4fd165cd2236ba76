"""Pictures of a page's dashboards, by Chromium without a display."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from source import NoAnswer

WIDTH = 1464
MARGINS = 56  # above and below a dashboard
WITHIN_S = 120


def chromium(arguments: Sequence[str]) -> str:
    program = shutil.which("chromium")
    if program is None:
        raise NoAnswer("no chromium, which makes the pictures: ./bench setup dashboards installs it; --no-pictures does without")
    with tempfile.TemporaryDirectory() as profile:
        # Its sandbox refuses to start for root; the page is our own, and opens nothing.
        command = [program, "--headless", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
                   *(["--no-sandbox"] if os.geteuid() == 0 else []), *arguments]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"chromium came to no end within {WITHIN_S} s") from None
    if ended.returncode != 0:
        raise NoAnswer(f"chromium ended with exit code {ended.returncode}: {ended.stderr.strip()[-500:]}")
    return ended.stdout


def heights(dom: str) -> dict[str, int]:
    """By dashboard, in pixels."""
    return {name: int(height) for name, height in re.findall(r'<section id="([^"]+)" data-height="(\d+)"', dom)}


def take(page: Path, folder: Path) -> list[Path]:
    """NAME-light.png and NAME-dark.png of each dashboard."""
    url, taken = page.resolve().as_uri(), []
    for name, height in heights(chromium([f"--window-size={WIDTH},900", "--dump-dom", url])).items():
        for theme in ("light", "dark"):
            picture = folder / f"{name}-{theme}.png"
            chromium([f"--window-size={WIDTH},{height + MARGINS}", f"--screenshot={picture.resolve()}", f"{url}?only={name}&theme={theme}"])
            taken.append(picture)
    return taken
