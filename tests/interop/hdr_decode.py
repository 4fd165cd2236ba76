#!/usr/bin/env python3
"""Checks our histogram encodings against HdrHistogram for Python, in both directions.

Usage: hdr_decode.py HDR_SAMPLES     (the program built from hdr_samples.cpp)
Needs the packages of requirements.txt. Exit code 0: all agree; 1: one line for each thing that differs.
"""
import io
import json
import math
import re
import subprocess
import sys

from hdrh.histogram import HdrHistogram
from hdrh.iterators import PercentileIterator

HIGHEST_NS = 120_000_000_000
DIGITS = 3


class JavaPercentileIterator(PercentileIterator):
    """Steps as the reference does: the library for Python lacks the rounding down of the halvings."""

    def increment_iteration_level(self):
        level = self.percentile_to_iterate_to
        if level == 100:
            return
        halvings = math.floor(math.log(100 / (100 - level)) / math.log(2)) + 1
        self.percentile_to_iterate_to += 100.0 / (self.percentile_ticks_per_half_distance * 2**halvings)


class JavaHistogram(HdrHistogram):
    def get_percentile_iterator(self, ticks_per_half_distance):
        return JavaPercentileIterator(self, ticks_per_half_distance)


def counts_of(histogram):
    return [
        [histogram.get_value_from_index(i), histogram.get_count_at_index(i)]
        for i in range(histogram.counts_len)
        if histogram.get_count_at_index(i)
    ]


def rows_of(hgrm):
    """The table as numbers, (value in ms, percentile, count), without the header."""
    lines = [line for line in hgrm.splitlines()[2:] if not line.startswith("#")]
    return [tuple(float(field) for field in line.split()[:3]) for line in lines]


def summary_of(hgrm):
    return {name.strip(): float(value) for name, value in re.findall(r"([A-Z][A-Za-z ]+?) *= +([0-9.]+)", hgrm)}


def differences_in_table(sample, theirs):
    """Their values are the highest of a counter, ours end at the exact maximum."""
    text = io.BytesIO()
    theirs.output_percentile_distribution(text, 1e6)
    our_rows, their_rows = rows_of(sample["hgrm"]), rows_of(text.getvalue().decode())
    if len(our_rows) != len(their_rows):
        yield f"{len(our_rows)} rows in our percentile table, {len(their_rows)} in theirs"
        return
    for ours, other in zip(our_rows, their_rows):
        value = min(other[0], sample["max_ns"] / 1e6)
        if abs(ours[0] - value) > 0.001 or abs(ours[1] - other[1]) > 1e-12 or ours[2] != other[2]:
            yield f"row {ours} in our percentile table, {other} in theirs"
            return
    ours = summary_of(sample["hgrm"])
    for name, value, tolerance in (
        ("Mean", theirs.get_mean_value() / 1e6, 1e-3),
        ("StdDeviation", theirs.get_stddev() / 1e6, 1e-6),
        ("Buckets", theirs.bucket_count, 0),
        ("SubBuckets", theirs.sub_bucket_count, 0),
        ("Total count", theirs.get_total_count(), 0),
    ):
        if abs(ours[name] - value) > tolerance * value + 1e-6:
            yield f"{name} {ours[name]} in our percentile table, {value} in theirs"


def differences(sample):
    """What HdrHistogram for Python finds in our encoding that is not what we put there."""
    theirs = JavaHistogram.decode(sample["encoded"])
    theirs.__class__ = JavaHistogram  # decode() always makes the base class
    settings = (theirs.lowest_trackable_value, theirs.highest_trackable_value, theirs.significant_figures)
    if settings != (1, HIGHEST_NS, DIGITS):
        yield f"configuration {settings}"
    if theirs.get_total_count() != sample["total"]:
        yield f"total {theirs.get_total_count()}, not {sample['total']}"
    if counts_of(theirs) != sample["counts"]:
        yield "other counts"
    if sample["total"]:
        for name, their_ns in (("min", theirs.get_min_value()), ("max", theirs.get_max_value())):
            if abs(their_ns - sample[f"{name}_ns"]) > sample[f"{name}_ns"] / 1000:
                yield f"{name} {their_ns} ns, not {sample[f'{name}_ns']} ns"
    if sample["total"] < 2**40:  # their percentile levels are doubles: next to 100 % they never end
        yield from differences_in_table(sample, theirs)


def encoded_by_them(sample):
    theirs = HdrHistogram(1, HIGHEST_NS, DIGITS)
    for value, count in sample["counts"]:
        theirs.record_value(value, count)
    return theirs.encode().decode()


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.splitlines()


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 1
    program = sys.argv[1]
    samples = [json.loads(line) for line in run(program)]
    failures = [f"{sample['name']}: they find {text}" for sample in samples for text in differences(sample)]

    encodings = "".join(encoded_by_them(sample) + "\n" for sample in samples)
    found = [json.loads(line) for line in run(program, "decode", text=encodings)]
    for sample, ours in zip(samples, found, strict=True):
        if ours != {"total": sample["total"], "counts": sample["counts"]}:
            failures.append(f"{sample['name']}: in their encoding we find {'nothing' if ours is None else 'other counts'}")

    for failure in failures:
        print(f"FAIL {failure}")
    if not samples:
        print("FAIL no samples")
    elif not failures:
        print(f"ok: {len(samples)} histograms agree with HdrHistogram for Python, in both directions")
    return 1 if failures or not samples else 0


if __name__ == "__main__":
    sys.exit(main())
