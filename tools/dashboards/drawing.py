"""One panel of lines as SVG. Colours are classes and variables of the page, so that one drawing serves light and dark."""
from __future__ import annotations

import datetime
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from model import Span
from units import marks, round_step

Points = Sequence[tuple[float, float]]
CHARACTER = 6.4  # width of one on an axis, at most
TOP, BOTTOM, RIGHT = 8, 22, 28  # right: half the words of the last mark
PALETTE = 10  # variables --s0 ... of the page
MARKS_APART = 75  # of the time axis


def series_color(index: int) -> str:
    return f"var(--s{index % PALETTE})"


@dataclass(frozen=True)
class Line:
    color: str
    points: Points


@dataclass(frozen=True)
class Chart:
    """`soft_low`: the axis begins there, or below where a point is; `step`: seconds between points, a gap is longer."""

    span: Span
    step: float
    unit: str
    lines: Sequence[Line]
    low: float | None = None
    soft_low: float | None = None
    high: float | None = None
    stacked: bool = False
    fill: float = 0  # opacity below a line
    limits: Sequence[tuple[float, str]] = ()  # thresholds: value and colour


def extent(chart: Chart, lines: Sequence[Line]) -> tuple[float, float]:
    """Of the vertical axis."""
    finite = [value for line in lines for _, value in line.points if math.isfinite(value)]
    low = min(finite, default=0.0)
    if chart.soft_low is not None:
        low = min(low, chart.soft_low)
    if chart.low is not None:
        low = chart.low
    high = chart.high if chart.high is not None else max(finite, default=low + 1)
    if high <= low:
        high = low + (abs(low) * 0.1 or 1.0)
    return low, high if chart.high is not None else high + (high - low) * 0.05


def stack(lines: Sequence[Line]) -> list[tuple[Line, dict[float, float]]]:
    """Each on the ones before it, and what it stands on, by time."""
    sums: dict[float, float] = {}
    found = []
    for line in lines:
        floor = {t: sums.get(t, 0.0) for t, _ in line.points}
        raised = [(t, floor[t] + value) for t, value in line.points]
        sums |= {t: value for t, value in raised if math.isfinite(value)}
        found.append((replace(line, points=raised), floor))
    return found


def pieces(points: Points, step: float) -> list[list[tuple[float, float]]]:
    """Without what is not finite, and apart where points are missing."""
    found: list[list[tuple[float, float]]] = []
    last = -math.inf
    for t, value in points:
        if math.isfinite(value):
            if t - last > step * 1.5:
                found.append([])
            found[-1].append((t, value))
            last = t
    return found


def time_marks(span: Span, wanted: int) -> list[tuple[float, str]]:
    steps = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
    rough = (span.end - span.start) / max(wanted, 1)
    step = next((each for each in steps if each >= rough), round_step(rough, 1))
    form = "%H:%M:%S" if step % 60 else "%H:%M"
    return [(n * step, datetime.datetime.fromtimestamp(n * step, datetime.timezone.utc).strftime(form))
            for n in range(math.ceil(span.start / step), math.floor(span.end / step) + 1)]


@dataclass(frozen=True)
class Frame:
    """Where a time and a value are on the picture."""

    span: Span
    low: float
    high: float
    x0: float
    x1: float
    y0: float
    y1: float

    def x(self, t: float) -> float:
        return self.x0 + (self.x1 - self.x0) * (t - self.span.start) / (self.span.end - self.span.start)

    def y(self, value: float) -> float:
        """What is beyond the axis lies just outside."""
        return self.y0 + (self.y1 - self.y0) * min(max((value - self.low) / (self.high - self.low), -0.01), 1.01)


def draw(chart: Chart, width: int, height: int, title: str) -> str:
    lines = stack(chart.lines) if chart.stacked else [(line, {}) for line in chart.lines]
    low, high = extent(chart, [line for line, _ in lines])
    shown = marks(low, high, chart.unit, max(2, height // 45))
    frame = Frame(chart.span, low, high, 10 + CHARACTER * max((len(words) for _, words in shown), default=1), width - RIGHT,
                  height - BOTTOM, TOP)
    out = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(title)}">', *axes(frame, shown, height)]
    for line, floor in lines:
        for piece in pieces(line.points, chart.step):
            out += drawn(frame, line.color, piece, [max(floor.get(t, 0.0), low) for t, _ in piece], chart.fill)
    for value, color in chart.limits:
        if low <= value <= high:
            out.append(f'<path class="limit" stroke="{color}" d="M{frame.x0:.1f} {frame.y(value):.1f}H{frame.x1:.1f}"/>')
    return "\n".join([*out, "</svg>"])


def axes(frame: Frame, values: Sequence[tuple[float, str]], height: int) -> list[str]:
    out = []
    for value, words in values:
        out.append(f'<path class="grid" d="M{frame.x0:.1f} {frame.y(value):.1f}H{frame.x1:.1f}"/>'
                   f'<text x="{frame.x0 - 5:.1f}" y="{frame.y(value) + 4:.1f}" text-anchor="end">{html.escape(words)}</text>')
    for t, words in time_marks(frame.span, int((frame.x1 - frame.x0) / MARKS_APART)):
        out.append(f'<path class="grid" d="M{frame.x(t):.1f} {frame.y1}V{frame.y0}"/>'
                   f'<text x="{frame.x(t):.1f}" y="{height - 6}" text-anchor="middle">{words}</text>')
    return out


def drawn(frame: Frame, color: str, piece: Points, floor: Sequence[float], fill: float) -> list[str]:
    at = [(frame.x(t), frame.y(value)) for t, value in piece]
    if len(at) == 1:  # no line goes through one point
        return [f'<circle cx="{at[0][0]:.1f}" cy="{at[0][1]:.1f}" r="2" fill="{color}"/>']
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    line = f'<path class="line" stroke="{color}" d="{path}"/>'
    if not fill:
        return [line]
    back = "L".join(f"{x:.1f} {frame.y(value):.1f}" for (x, _), value in reversed(list(zip(at, floor, strict=True))))
    return [f'<path fill="{color}" opacity="{fill:.2f}" d="{path}L{back}Z"/>', line]
