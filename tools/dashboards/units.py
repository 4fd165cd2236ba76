"""Grafana's units as this project uses them: a value as a person reads it, and round marks for an axis."""
from __future__ import annotations

import math
from dataclasses import dataclass

SI = ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"))
IEC = ((1.0, ""), (2.0**10, "Ki"), (2.0**20, "Mi"), (2.0**30, "Gi"), (2.0**40, "Ti"))
DURATION = ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "d"))


@dataclass(frozen=True)
class Unit:
    """`factor`: to its base, in which `scales` begin; `name` follows the prefix of the scale, which is part of it (MiB), or of the
    number (2k req/s)."""

    factor: float
    scales: tuple[tuple[float, str], ...]
    name: str
    counts: bool = False  # the prefix is part of the number

    def words(self, number: str, prefix: str) -> str:
        return (f"{number}{prefix} {self.name}" if self.counts else f"{number} {prefix}{self.name}").rstrip()


def count(what: str) -> Unit:
    return Unit(1, SI, what, counts=True)


PLAIN = count("")
UNITS = {
    "s": Unit(1, DURATION, ""), "ms": Unit(1e-3, DURATION, ""), "percentunit": Unit(100, ((1.0, "%"),), ""),
    "percent": Unit(1, ((1.0, "%"),), ""), "bytes": Unit(1, IEC, "B"), "Bps": Unit(1, SI, "B/s"), "short": PLAIN,
    "none": Unit(1, ((1.0, ""),), ""), "reqps": count("req/s"), "ops": count("op/s"),
}


def unit_of(name: str) -> Unit | None:
    """None: it is not known here, which the page then says."""
    kind, _, text = name.partition(":")
    return count(text.strip()) if kind == "suffix" else UNITS.get(name)


def scale_of(unit: Unit, value: float) -> tuple[float, str]:
    """The largest scale in which the value, of the base, is not below 1."""
    fitting = [scale for scale in unit.scales if scale[0] <= abs(value) * (1 + 1e-9)]
    one = next((scale for scale in unit.scales if scale[0] == 1.0), unit.scales[0])
    return fitting[-1] if fitting else one if value == 0 else unit.scales[0]


def digits(value: float, decimals: int | None) -> str:
    """Three that count, unless decimals are asked for."""
    if decimals is None:
        decimals = max(0, 2 - math.floor(math.log10(abs(value)))) if value and abs(value) >= 1e-3 else 0 if not value else 6
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{decimals}f}"


def formatted(value: float | None, unit_name: str = "", decimals: int | None = None) -> str:
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    unit = unit_of(unit_name) or PLAIN
    base = value * unit.factor
    size, prefix = scale_of(unit, base)
    return unit.words(digits(base / size, decimals), prefix)


def round_step(span: float, wanted: int) -> float:
    """1, 2 or 5 times a power of ten."""
    rough = span / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)


def marks(low: float, high: float, unit_name: str, wanted: int = 5) -> list[tuple[float, str]]:
    """Of a linear axis from low to high: values and their words, all of one scale."""
    unit = unit_of(unit_name) or PLAIN
    size, prefix = scale_of(unit, max(abs(low), abs(high)) * unit.factor)
    factor = size / unit.factor
    step = round_step((high - low) / factor, wanted)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / factor / step - 1e-6), math.floor(high / factor / step + 1e-6)
    zero = unit.words("0", "") if unit.counts else unit.words(f"{0:.{decimals}f}", prefix)  # not 0k req/s
    return [(n * step * factor, unit.words(f"{n * step:.{decimals}f}", prefix) if n else zero) for n in range(first, last + 1)]

