"""All targets in each panel. Those measured one after the other are compared over the range that is shown."""
import shared
from parts import Dashboard, Panel, Query, Row, Variable
from shared import RANGE, RESPONSES

RESPONSE = "loadgen_response_time_seconds"
REFERENCE = 'target=~"$reference", outcome=~"ok|timeout"'
OVER = "Over the range that is shown. "
P99 = shared.quantile("99", RESPONSE, RESPONSES, "target", "$__range")
P99_REFERENCE = f"max({shared.quantile('99', RESPONSE, REFERENCE, 'target', '$__range')})"
PEAK = 'max by (target) (max_over_time(beastmark:client_requests:rate{target=~"$target", outcome="ok"}[$__range]))'
PEAK_REFERENCE = 'max(max_over_time(beastmark:client_requests:rate{target=~"$reference", outcome="ok"}[$__range]))'


def cost(matchers: str) -> str:
    """All CPU time over all requests answered as wanted, rather than a mean of the ratio: the busy seconds weigh more."""
    return (f"sum by (job) (avg_over_time(beastmark:process_cpu:cores{{{matchers}}}[$__range])) "
            f"/ (sum by (job) (avg_over_time(beastmark:answered:rate{{{matchers}}}[$__range])) > 0)")


COST = "(" + cost('job=~"$job"') + ")"
COST_REFERENCE = "max(" + cost('job=~"$reference"') + ")"


def bars(title: str, description: str, unit: str, expr: str, legend: str, signed: bool = False) -> Panel:
    return Panel(title, OVER + description, unit, [Query(expr, legend, instant=True)], bars=True,
                 soft_min=0 if signed else None)


def to_reference(title: str, description: str, unit: str, operator: str, of: tuple[str, str], legend: str) -> Panel:
    return bars(title, description, unit, f"{of[0]} {operator} on () group_left () {of[1]}", legend, operator == "-")


RATE = Panel(
    "Requests per second: achieved", "Answers as expected per second. Source: loadgen.", "reqps",
    [Query(f'sum by (target) (rate(loadgen_requests_total{{target=~"$target", outcome="ok"}}[{RANGE}]))', "{{target}}")])
LATENCY = Panel(
    "Response time at the client: p99", "From when the request was due; buckets of all load generators added up. "
    "Source: loadgen.", "s", [Query(shared.quantile("99", RESPONSE, RESPONSES, "target"), "p99 {{target}}")])
CPU = Panel(
    "Application CPU: cores, by target", "Cores used, all pods together. Record beastmark:app_cpu:cores.", "short",
    [Query('sum by (job) (beastmark:app_cpu:cores{job=~"$job", job!="loadgen"})', "{{job}}")])
MEMORY = Panel(
    "Application memory, by target", "All pods together. Record beastmark:app_memory:bytes.", "bytes",
    [Query('sum by (job) (beastmark:app_memory:bytes{job=~"$job", job!="loadgen"})', "{{job}}")])
PER_REQUEST = Panel(
    "CPU per request", "Cores used / requests per second answered as wanted (2xx). Record "
    "beastmark:cpu_per_request:seconds.", "s",
    [Query('max by (job) (beastmark:cpu_per_request:seconds{job=~"$job"})', "{{job}}")])
PER_CORE = Panel(
    "Requests per second and core", "Requests per second answered as wanted (2xx) / cores used. Record "
    "beastmark:requests_per_core:rate.", "reqps",
    [Query('max by (job) (beastmark:requests_per_core:rate{job=~"$job"})', "{{job}}")])
P99_TEXT = "Response time at the client: its p99 "
PEAK_TEXT = "The most answers as expected per second, in windows of 20 s: "
COST_TEXT = "Mean CPU seconds per request answered as wanted: "

DASHBOARD = Dashboard(
    "compare", "compare", "Targets side by side: every target in each panel, then each beside the reference.",
    [shared.job(), shared.target(), Variable("reference", "Reference", "label_values(loadgen_offered_rps, target)",
                                             "baseline", single=True)],
    [Row("Now", [LATENCY, RATE, shared.availability(), CPU, PER_REQUEST, PER_CORE, MEMORY, shared.app_cpu_share(),
                 shared.failures()]),
     Row("Over the range shown", [
         bars("p99 over the range", P99_TEXT + "of each target.", "s", P99, "p99 {{target}}"),
         bars("Peak rate", PEAK_TEXT + "of each target.", "reqps", PEAK, "{{target}}"),
         bars("Mean CPU per request", COST_TEXT + "of each target.", "s", COST, "{{job}}")]),
     Row("Difference from the reference", [
         to_reference("p99 - the reference's", P99_TEXT + "minus the reference's.", "s", "-", (P99, P99_REFERENCE),
                      "p99 {{target}}"),
         to_reference("Peak rate - the reference's", PEAK_TEXT + "minus the reference's.", "reqps", "-",
                      (PEAK, PEAK_REFERENCE), "{{target}}"),
         to_reference("CPU per request - the reference's", COST_TEXT + "minus the reference's.", "s", "-",
                      (COST, COST_REFERENCE), "{{job}}")]),
     Row("Ratio to the reference", [
         to_reference("p99 / the reference's", P99_TEXT + "divided by the reference's.", "percentunit", "/",
                      (P99, P99_REFERENCE), "p99 {{target}}"),
         to_reference("Peak rate / the reference's", PEAK_TEXT + "divided by the reference's.", "percentunit", "/",
                      (PEAK, PEAK_REFERENCE), "{{target}}"),
         to_reference("CPU per request / the reference's", COST_TEXT + "divided by the reference's.", "percentunit", "/",
                      (COST, COST_REFERENCE), "{{job}}")])])
