"""Can the figures be believed? What loadgen says of itself."""
import shared
from parts import Dashboard, Panel, Query, Row
from shared import JOB, RANGE

LOAD = f'{JOB}, target=~"$target"'

VERDICTS = Panel(
    "Verdict of the windows",
    "Share of the scrapes whose last second had this verdict, of all targets that are chosen. Valid and server-saturated are to be believed; more than 10 % "
    "generator-limited or disturbed makes the run not believable. Source: loadgen_window.", "percentunit",
    [Query(f"avg by (verdict) (avg_over_time(loadgen_window{{{LOAD}}}[{RANGE}]))", "{{verdict}}")],
    stacked=True, maximum=1,
    colors={"valid": "green", "server-saturated": "blue", "generator-limited": "red", "disturbed": "orange"})
LAG = Panel(
    "Lag of loadgen itself: p50, p99, p99.9",
    "How late a request was sent although a connection was free: the generator's own fault. Source: loadgen.", "s",
    shared.quantiles("loadgen_schedule_lag_seconds", LOAD, "target"))
CONNECTION_WAIT = Panel(
    "Wait for a free connection: p50, p99, p99.9",
    "How long a request waited because all connections were busy: the target's doing, or too few connections. "
    "Source: loadgen.", "s", shared.quantiles("loadgen_connection_wait_seconds", LOAD, "target"))
SERVICE_TIME = Panel(
    "Response time and service time: p99",
    "Response time counts from when the request was due, service time from its first byte sent: what is between them is "
    "waiting. Source: loadgen.", "s",
    [Query(shared.quantile("99", "loadgen_response_time_seconds", f'{LOAD}, outcome=~"ok|timeout"', "target"),
           "p99 response {{target}}"),
     Query(shared.quantile("99", "http_client_request_duration_seconds", LOAD, "target"), "p99 service {{target}}")])
OFFERED = Panel(
    "Requests per second: offered and ended",
    "Offered: what the schedule asks for. Ended: requests with an outcome, whichever. They part when loadgen or the target "
    "does not keep up. Source: loadgen.", "reqps",
    [Query(f"sum by (target) (loadgen_offered_rps{{{LOAD}}})", "offered {{target}}"),
     Query(f"sum by (target) (rate(loadgen_requests_total{{{LOAD}}}[{RANGE}]))", "ended {{target}}")])
OUTCOMES = Panel(
    "Requests per second by outcome", "All outcomes; they add up to what was offered. Source: loadgen.", "reqps",
    [Query(f"sum by (target, outcome) (rate(loadgen_requests_total{{{LOAD}}}[{RANGE}]))", "{{outcome}} {{target}}")],
    stacked=True)
CONNECTIONS = Panel(
    "Connections by state", "Idle, busy, or down (being made, or to be made again). Source: loadgen.", "short",
    [Query(f"sum by (target, state) (loadgen_connections{{{LOAD}}})", "{{state}} {{target}}")], stacked=True)
IN_FLIGHT = Panel(
    "Requests in flight", "Sent and not ended. Source: loadgen.", "short",
    [Query(f"sum by (target) (loadgen_in_flight{{{LOAD}}})", "{{target}}")])
STAGE = Panel(
    "Stage", "Stage under way, from 0; each step of a staircase is one, as in result.json. Source: loadgen.", "none",
    [Query(f"max by (target) (loadgen_stage{{{LOAD}}})", "{{target}}")])
SHARDS = Panel(
    "Load generators", "Processes or pods that are there. Source: loadgen.", "none",
    [Query('count by (job) (loadgen_shard_skew_seconds{job=~"$job"})', "{{job}}")])
SKEW = Panel(
    "Skew of the shards",
    "How far a shard began from the common start, the worst of all: beyond some milliseconds they do not make one schedule. "
    "Source: loadgen.", "s", [Query('max by (job) (abs(loadgen_shard_skew_seconds{job=~"$job"}))', "worst {{job}}")])
MACHINES = Panel(
    "CPU of each machine: busy",
    "1 - share of idle, waiting for disks, and taken by the hypervisor (steal), all cores. Something else that runs beside a test "
    "shows here; of steal the verdicts tell. Record "
    "beastmark:machine_cpu:ratio.", "percentunit",
    [Query("max by (instance) (beastmark:machine_cpu:ratio)", "{{instance}}")], maximum=1)

DASHBOARD = Dashboard(
    "loadgen", "load generator", "Whether the figures can be believed: was it the service or the generator?",
    [shared.job("label_values(loadgen_offered_rps, job)", only="loadgen"), shared.target()],
    [Row("Can it be believed", [VERDICTS, LAG, CONNECTION_WAIT, OFFERED, SERVICE_TIME, OUTCOMES]),
     Row("What loadgen uses", [shared.app_cpu(JOB), shared.app_cpu_share(JOB), shared.throttling(JOB), shared.app_memory(JOB),
                               shared.descriptors("loadgen's file descriptors"), MACHINES]),
     Row("What it is doing", [CONNECTIONS, IN_FLIGHT, STAGE, SHARDS, SKEW])])
