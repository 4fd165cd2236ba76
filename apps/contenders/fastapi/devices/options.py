"""The command line: what it means, what it defaults to, what is refused."""
from __future__ import annotations

import argparse
import ipaddress
import re
from dataclasses import dataclass
from typing import NoReturn

from devices.cgroup import allowed_cpus

ROUTES = ("plain", "models", "original")


@dataclass(frozen=True, slots=True)
class Options:
    address: str
    port: int
    admin_address: str
    admin_port: int
    workers: int
    routes: str
    postgres: str | None
    pool: int
    insert_timeout: float
    memcached: str
    cache_connections: int
    cache_timeout: float
    header_timeout: float
    body_timeout: float
    idle_timeout: float
    write_timeout: float
    drain_delay: float
    drain_timeout: float

    @property
    def posts(self) -> bool:
        return self.postgres is not None

    @property
    def cache_host(self) -> tuple[str, int]:
        host, _, port = self.memcached.rpartition(":")
        return host.strip("[]"), int(port)


def share(total: int, workers: int, index: int) -> int:
    """Of a total over all workers, what the worker `index` may have: the first ones take what does not divide."""
    return total // workers + (index < total % workers)


def duration(text: str) -> float:
    """Seconds, from "300ms", "5s" or "2m"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f'"{text}" is not a duration like 300ms, 5s or 2m')
    return float(match[1]) * {"ms": 1e-3, "s": 1.0, "m": 60.0}[match[2]]


def port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port from 1 to 65535')
    return int(text)


def address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is not a numeric address like 127.0.0.1') from None


def count(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 on')
    return int(text)


def host_and_port(text: str) -> str:
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not HOST:PORT')
    return text


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, without the usage that hides it."""
        self.exit(2, f"{self.prog}: {message}; --help lists the flags\n")


def parse(arguments: list[str], version: str = "") -> Options:
    """Ends the process with code 2 and one line where something is wrong."""
    parser = Parser(
        prog="fastapi", description="GET /api/devices, or with --postgres POST /api/devices", allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--address", type=address, default="0.0.0.0", help="numeric address to serve on")
    add("--port", type=port, default=8380, help="TCP port to serve on")
    add("--admin-address", type=address, default="0.0.0.0", help="numeric address of the admin port")
    add("--admin-port", type=port, default=8381, help="TCP port of /healthz, /readyz and /metrics")
    add("--workers", type=count, default=None,
        help="processes that serve; as many as CPUs are allowed by affinity and quota if not given")
    add("--routes", choices=ROUTES, default="plain",
        help="how the endpoints are written: plain (orjson), models (Pydantic models in and out), "
             "original (as in the benchmark that this project remakes)")
    add("--postgres", metavar="URI", default=None, help="database of POST, as a URI or in libpq's keyword form; "
                                                       "serves POST instead of GET")
    add("--pool", type=count, default=8, help="PostgreSQL connections in total, at least one for each worker")
    add("--insert-timeout", type=duration, default="2s", help="for an insert, waiting for a connection included")
    add("--memcached", type=host_and_port, metavar="HOST:PORT", default="127.0.0.1:11211", help="the cache")
    add("--cache-connections", type=count, default=16,
        help="memcached connections in total, at least one for each worker")
    add("--cache-timeout", type=duration, default="500ms", help="for a cache set")
    add("--header-timeout", type=duration, default="5s", help="for a request's head to arrive, checked twice a second")
    add("--body-timeout", type=duration, default="5s", help="for a request's body to arrive")
    add("--idle-timeout", type=duration, default="60s", help="for a connection that waits for its next request")
    add("--write-timeout", type=duration, default="30s", help="for a client that does not read its answers")
    add("--drain-delay", type=duration, default="0s", help="from a signal until connections are refused")
    add("--drain-timeout", type=duration, default="10s", help="for requests under way at the end")
    add("--version", action="version", version=version)
    given = vars(parser.parse_args(arguments))
    if given["workers"] is None:
        given["workers"] = allowed_cpus()
    options = Options(**given)
    if options.posts:
        for flag, total in (("--pool", options.pool), ("--cache-connections", options.cache_connections)):
            if total < options.workers:
                parser.error(f"{flag} {total} is below the {options.workers} workers, which need one each: "
                             f"raise it, or ask for fewer with --workers")
    return options
