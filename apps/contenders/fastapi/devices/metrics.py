"""The metrics of one worker, by the names of docs/design.md section 3. prometheus_client keeps them in files that the
parent sums when it is scraped. Children are looked up once, here; all series exist at 0 from the start, and no label
comes from input."""
from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

API = "/api/devices"
HEALTH = "/healthz"
METHODS = ("GET", "HEAD", "POST")
STATES = ("idle", "used", "connecting")
DATABASE_FAILURES = ("", "refused", "unavailable", "overloaded", "outcome_unknown", "timed_out")
CACHE_FAILURES = ("", "refused", "unavailable", "timed_out", "lost")


def bounds(first_exponent: int) -> list[float]:
    """20 to a decade, from a power of ten to 10 s, to three digits."""
    return [float(f"{10 ** (step / 20):.3g}") for step in range(20 * first_exponent, 21)]


DURATION = Histogram("http_server_request_duration_seconds", "From the head of a request to its answer.",
                     ("http_request_method", "http_route", "http_response_status_code", "url_scheme"),
                     buckets=bounds(-4))
ACTIVE = Gauge("http_server_active_requests", "Requests received and not yet answered.",
               multiprocess_mode="livesum")
CONNECTIONS = Gauge("beastmark_connections", "Open connections by worker.", ("core",), multiprocess_mode="livesum")
REJECTED = Counter("beastmark_rejected", "Requests answered 503, by reason.", ("reason",))
OPERATION = Histogram("db_client_operation_duration_seconds", "Inserts and cache sets, failures included.",
                      ("db_system_name", "db_operation_name", "error_type"), buckets=bounds(-5))
POOL_COUNT = Gauge("db_client_connection_count", "Connections by state.",
                   ("db_client_connection_pool_name", "db_client_connection_state"), multiprocess_mode="livesum")
POOL_MAX = Gauge("db_client_connection_max", "Connections that a pool may open.",
                 ("db_client_connection_pool_name",), multiprocess_mode="livesum")
POOL_PENDING = Gauge("db_client_connection_pending_requests", "Requests that wait for a connection.",
                     ("db_client_connection_pool_name",), multiprocess_mode="livesum")
POOL_WAIT = Histogram("db_client_connection_wait_time_seconds", "From a request for a connection until it had one.",
                      ("db_client_connection_pool_name",), buckets=bounds(-5))
RECONNECTS = Counter("beastmark_reconnects", "Connections usable again after a loss.",
                     ("db_client_connection_pool_name",))


class HttpMetrics:
    def __init__(self, posts: bool, worker: int) -> None:
        self.active = ACTIVE
        self.connections = CONNECTIONS.labels(str(worker))
        self.rejected = {reason: REJECTED.labels(reason) for reason in ("overload", "unavailable")}
        self._durations: dict[tuple[str, str, int], Histogram] = {}
        for method, route, statuses in expected(posts):
            for status in statuses:
                self.child(method, route, status)

    def child(self, method: str, route: str, status: int) -> Histogram:
        child = DURATION.labels(method, route, str(status), "http")
        self._durations[method, route, status] = child
        return child

    def observe(self, method: str, path: str, status: int, seconds: float) -> None:
        known = (method if method in METHODS else "_OTHER", path if path in (API, HEALTH) else "", status)
        (self._durations.get(known) or self.child(*known)).observe(seconds)


def expected(posts: bool) -> list[tuple[str, str, tuple[int, ...]]]:
    """What a target of this kind answers."""
    refusals = (400, 408, 413, 417, 431, 501)
    served = [("POST", API, (201, 415, *refusals, 500, 503, 504))] if posts else \
        [("GET", API, (200, *refusals)), ("HEAD", API, (200, *refusals))]
    other = ("GET", "HEAD", "_OTHER") if posts else ("POST", "_OTHER")
    return [*served, *((method, API, (405,)) for method in other),
            ("GET", HEALTH, (200,)), ("HEAD", HEALTH, (200,)), ("POST", HEALTH, (405,)), ("_OTHER", HEALTH, (405,)),
            *((method, "", (404,)) for method in METHODS), ("_OTHER", "", (400, 404, 408, 431, 505))]


class OperationMetrics:
    """Of one kind of operation on one pool."""

    def __init__(self, system: str, operation: str, failures: tuple[str, ...], connections: int) -> None:
        self.duration = {failure: OPERATION.labels(system, operation, failure) for failure in failures}
        self.state = {state: POOL_COUNT.labels(system, state) for state in STATES}
        self.pending = POOL_PENDING.labels(system)
        self.reconnects = RECONNECTS.labels(system)
        POOL_MAX.labels(system).set(connections)


def database_metrics(connections: int) -> OperationMetrics:
    return OperationMetrics("postgresql", "INSERT", DATABASE_FAILURES, connections)


def cache_metrics(connections: int) -> OperationMetrics:
    return OperationMetrics("memcached", "set", CACHE_FAILURES, connections)
