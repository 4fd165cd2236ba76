"""Variables and panels that more than one dashboard shows, and the ways to ask for a quantile."""
from __future__ import annotations

from collections.abc import Sequence

from parts import Panel, Query, Variable

RANGE = "$__rate_interval"
# Another's answers say nothing of how long a user waits: failures that are not timeouts are apart.
RESPONSES = 'target=~"$target", outcome=~"ok|timeout"'
SERVED = 'job=~"$job", http_route="/api/devices"'
JOB = 'job=~"$job"'
SERVICE = f'{JOB}, job!="loadgen"'  # the records of applications have loadgen too


def job(values: str = "label_values(http_server_active_requests, job)", only: str = "") -> Variable:
    return Variable("job", "Job", values, only)


def target(only: str = "") -> Variable:
    return Variable("target", "Target", "label_values(loadgen_offered_rps, target)", only)


def quantile(percent: str, histogram: str, matchers: str, by: str, range_: str = RANGE) -> str:
    """Of all instances together: their buckets are summed, quantiles of each are never averaged."""
    rate = "increase" if range_ == "$__range" else "rate"
    return (f"histogram_quantile({float(percent) / 100:.5g}, sum by (le, {by}) "
            f"({rate}({histogram}_bucket{{{matchers}}}[{range_}])))")


def quantiles(histogram: str, matchers: str, by: str, percents: Sequence[str] = ("50", "99", "99.9")) -> list[Query]:
    named = " ".join("{{" + label.strip() + "}}" for label in by.split(","))
    return [Query(quantile(percent, histogram, matchers, by), f"p{percent} {named}") for percent in percents]


def response_time() -> Panel:
    return Panel("Response time at the client: p50, p99, p99.9",
                 "What a user would feel: from when the request was due to its answer, of ok answers; of a timeout, until it "
                 "expired. Quantile of all load generators' buckets added up. Source: loadgen.", "s",
                 quantiles("loadgen_response_time_seconds", RESPONSES, "target"))


def requests() -> Panel:
    return Panel("Requests per second: offered and achieved",
                 "Offered: what the schedule asks for, all load generators together. Achieved: answers as expected (outcome "
                 "ok) per second. Source: loadgen.", "reqps",
                 [Query('sum by (target) (loadgen_offered_rps{target=~"$target"})', "offered {{target}}"),
                  Query('sum by (target) (rate(loadgen_requests_total{target=~"$target", outcome="ok"}'
                        f"[{RANGE}]))", "achieved {{target}}")])


def availability() -> Panel:
    every = f'sum by (target) (rate(loadgen_requests_total{{target=~"$target"}}[{RANGE}]))'
    good = f'sum by (target) (rate(loadgen_requests_total{{target=~"$target", outcome="ok"}}[{RANGE}]))'
    return Panel("Availability",
                 "Answers as expected / all requests that ended: timeouts, resets and what was never sent count against it. Below "
                 "90 % for 5 s a ramp ends. Source: loadgen.", "percentunit",
                 [Query(f"{good} / ({every} > 0)", "{{target}}")], soft_min=0.9, maximum=1, decimals=3)


def failures() -> Panel:
    return Panel("Failures by outcome",
                 "Requests per second that were not answered as expected, by what became of them. Source: loadgen.", "reqps",
                 [Query('sum by (target, outcome) (rate(loadgen_requests_total{target=~"$target", outcome!="ok"}'
                        f"[{RANGE}]))", "{{outcome}} {{target}}")])


def served_latency() -> Panel:
    return Panel("Request latency at the service: p50, p99, p99.9",
                 "From a request's first byte read to its answer written, as the service sees it: without the time before it, "
                 "in which an overloaded service lets requests wait. Buckets of all pods added up. Source: the service.", "s",
                 quantiles("http_server_request_duration_seconds", SERVED, "job"))


def app_cpu(of: str = SERVICE) -> Panel:
    return Panel("Application CPU: cores",
                 "CPU seconds used per second, user and system. On a cluster by cAdvisor, on one machine by the service's "
                 "process_cpu_seconds_total. Record beastmark:app_cpu:cores.", "short",
                 [Query(f'sum by (job, instance) (beastmark:app_cpu:cores{{{of}}})', "{{job}} {{instance}}")])


def app_cpu_share(of: str = SERVICE) -> Panel:
    return Panel("Application CPU: share of its limit",
                 "Cores used / cores allowed: the CPU quota, without one the threads that serve, else the machine's cores. "
                 "Record beastmark:app_cpu:ratio.", "percentunit",
                 [Query(f'max by (job, instance) (beastmark:app_cpu:ratio{{{of}}})', "{{job}} {{instance}}")], limit=1)


def app_memory(of: str = SERVICE) -> Panel:
    return Panel("Application memory",
                 "On a cluster the container's working set, on one machine what is resident. Record beastmark:app_memory:bytes.",
                 "bytes", [Query(f'sum by (job, instance) (beastmark:app_memory:bytes{{{of}}})', "{{job}} {{instance}}")])


def throttling(of: str = SERVICE) -> Panel:
    return Panel("CPU throttling: share of periods",
                 "Periods (of 100 ms) in which the quota was used up / all periods. Zero without a quota. Record "
                 "beastmark:app_throttled:ratio.", "percentunit",
                 [Query(f'max by (job, instance) (beastmark:app_throttled:ratio{{{of}}})', "{{job}} {{instance}}")],
                 maximum=1)


def throttled_time(of: str = SERVICE) -> Panel:
    return Panel("CPU throttling: threads held back",
                 "Seconds that threads were held back, per second: more than 1 when several wait at once. Record "
                 "beastmark:app_throttled:cores.", "short",
                 [Query(f'sum by (job, instance) (beastmark:app_throttled:cores{{{of}}})', "{{job}} {{instance}}")])


def descriptors(whose: str = "File descriptors") -> Panel:
    return Panel(f"{whose}: share of the limit", "Open / allowed. From 80 % on there is an alert. Record beastmark:descriptors:ratio.",
                 "percentunit", [Query(f"max by (job, instance) (beastmark:descriptors:ratio{{{JOB}}})", "{{job}} {{instance}}")],
                 maximum=1, limit=0.8)


def http_errors() -> Panel:
    return Panel("Refusals and errors by status",
                 "Answers of 400 and above per second, as the service counts them. Source: the service.", "reqps",
                 [Query(f'sum by (job, http_response_status_code) (rate(http_server_request_duration_seconds_count{{{SERVED}, '
                        f'http_response_status_code=~"[45].."}}[{RANGE}]))', "{{http_response_status_code}} {{job}}")])
