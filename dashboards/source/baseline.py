"""The HTTP stack alone: what the reference benchmark's first test plots, and more."""
import shared
from parts import Dashboard, Panel, Query, Row
from shared import RANGE

CONNECTIONS = Panel(
    "Connections and requests in progress",
    "Open connections, and requests received and not yet answered. Source: the service.", "short",
    [Query('sum by (job) (beastmark_connections{job=~"$job"})', "connections {{job}}"),
     Query('sum by (job) (http_server_active_requests{job=~"$job"})', "in progress {{job}}")])
REJECTED = Panel(
    "Turned away by reason",
    "Requests and connections that a bound of the service turned away, per second: overload, a timeout, a size. "
    "Source: beastmark_rejected_total.", "ops",
    [Query(f'sum by (job, reason) (rate(beastmark_rejected_total{{job=~"$job"}}[{RANGE}]))', "{{reason}} {{job}}")])

DASHBOARD = Dashboard(
    "baseline", "baseline", "GET /api/devices: the HTTP stack alone, from the client's and from the service's side.",
    [shared.job(only="baseline"), shared.target(only="baseline")],
    [Row("What a client sees", [shared.response_time(), shared.requests(), shared.availability(), shared.failures()], 12),
     Row("What the service uses", [shared.app_cpu(), shared.app_cpu_share(), shared.app_memory(), shared.throttling(),
                                   shared.throttled_time(), shared.descriptors()]),
     Row("What the service says", [shared.served_latency(), shared.http_errors(), REJECTED, CONNECTIONS], 12)])
