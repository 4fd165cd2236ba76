"""POST: an INSERT and a cache set each; what the reference benchmark's second test plots, and more."""
import shared
from parts import Dashboard, Panel, Query, Row
from shared import RANGE

OPERATION = "db_client_operation_duration_seconds"
WAIT = "db_client_connection_wait_time_seconds"


def operation(title: str, description: str, system: str) -> Panel:
    good = f'job=~"$job", db_system_name="{system}", error_type=""'
    return Panel(f"{title}: p50, p90, p99", f"{description}, of those that succeeded. Source: the service.", "s",
                 shared.quantiles(OPERATION, good, "job", ("50", "90", "99")))


def backend(title: str, description: str, record: str, unit: str, limit: float | None = None) -> Panel:
    return Panel(title, f"{description} On a cluster by node exporter or cAdvisor, on one machine by process-exporter. "
                 f"Record {record}.", unit, [Query(f"max by (backend) ({record})", "{{backend}}")], limit=limit)


BACKEND_CPU = backend("PostgreSQL and Memcached CPU: cores", "CPU seconds used per second, all their processes.",
                      "beastmark:backend_cpu:cores", "short")
BACKEND_CPU_SHARE = backend("PostgreSQL and Memcached CPU: share of what there is",
                            "Cores used / cores of their machine, or of their quota.", "beastmark:backend_cpu:ratio",
                            "percentunit", 1)
BACKEND_MEMORY = backend("PostgreSQL and Memcached memory", "Resident, shared pages once; on a machine of its own all in use.",
                         "beastmark:backend_memory:bytes", "bytes")
POOL = Panel(
    "Connections to the backends by state",
    "Connections of the pools: idle, used, connecting; and how many a pool may open. Source: the service.", "short",
    [Query('sum by (job, db_client_connection_pool_name, db_client_connection_state) '
           '(db_client_connection_count{job=~"$job"})',
           "{{db_client_connection_state}} {{db_client_connection_pool_name}} {{job}}"),
     Query('sum by (job, db_client_connection_pool_name) (db_client_connection_max{job=~"$job"})',
           "at most {{db_client_connection_pool_name}} {{job}}")])
POOL_WAIT = Panel(
    "Wait for a connection: p50, p99",
    "From a request for a connection until it had one. Buckets of all pods added up. Source: the service.", "s",
    shared.quantiles(WAIT, 'job=~"$job"', "job, db_client_connection_pool_name", ("50", "99")))
PENDING = Panel(
    "Requests that wait for a connection", "At the time of the scrape. Source: the service.", "short",
    [Query('sum by (job, db_client_connection_pool_name) (db_client_connection_pending_requests{job=~"$job"})',
           "{{db_client_connection_pool_name}} {{job}}")])
ERRORS = Panel(
    "Errors of the backends by kind",
    "Inserts and cache sets per second that did not succeed, by kind; outcome_unknown: it may be stored all the same. "
    "Source: the service.", "ops",
    [Query(f'sum by (job, db_system_name, error_type) (rate({OPERATION}_count{{job=~"$job", error_type!=""}}[{RANGE}]))',
           "{{error_type}} {{db_system_name}} {{job}}")])
RECONNECTS = Panel(
    "Connections made again", "Connections to the backends that were lost and are usable again, per second. "
    "Source: the service.", "ops",
    [Query(f'sum by (job, db_client_connection_pool_name) (rate(beastmark_reconnects_total{{job=~"$job"}}[{RANGE}]))',
           "{{db_client_connection_pool_name}} {{job}}")])

DASHBOARD = Dashboard(
    "write-path", "write path",
    "POST /api/devices: an INSERT into PostgreSQL and a Memcached set each, from the client's side to the database's.",
    [shared.job("label_values(db_client_connection_max, job)", only="ingest"), shared.target(only="ingest")],
    [Row("What a client sees", [shared.response_time(), shared.requests(), shared.availability()]),
     Row("Where the time goes", [shared.served_latency(),
                                 operation("Insert latency", "From the statement queued to its transaction committed",
                                           "postgresql"),
                                 operation("Cache-set latency", "From the set queued to its reply", "memcached"),
                                 POOL, POOL_WAIT, PENDING]),
     Row("What it uses", [shared.app_cpu(), BACKEND_CPU, BACKEND_CPU_SHARE, shared.app_cpu_share(), shared.app_memory(),
                          BACKEND_MEMORY]),
     Row("What goes wrong", [shared.failures(), shared.http_errors(), ERRORS, RECONNECTS, shared.throttling(),
                             shared.throttled_time()])])
