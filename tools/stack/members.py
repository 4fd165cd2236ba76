"""The programs of the stack: how each is started, on which ports and cores, and when it is well."""
from __future__ import annotations

import http.client
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backends import MEMCACHED_CONFIGURATION, ROOT, Backends, as_postgres, memcached_options
from placement import Placement, listed
from processes import port_open

MONITORING = ROOT / "deploy/monitoring"
PORTS = {"postgres": 15432, "memcached": 21211, "baseline": 8080, "ingest": 8180, "loadgen": 8085, "postgres-exporter": 9187,
         "memcached-exporter": 9150, "node-exporter": 9100, "process-exporter": 9256, "prometheus": 9090, "grafana": 3000}
RETENTION = "2d"


@dataclass(frozen=True)
class Member:
    name: str
    command: Sequence[str]
    cores: Sequence[int]
    ports: Sequence[int]
    address: str  # what a person opens or connects to
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    within_s: float = 30

    @property
    def confined(self) -> list[str]:
        return ["taskset", "-c", listed(self.cores), *self.command]


@dataclass(frozen=True)
class Layout:
    state: Path
    programs: Path  # baseline and ingest
    tools: Path     # where ./bench setup dev puts its programs
    offset: int
    placement: Placement
    backends: Backends  # PostgreSQL's programs, password and folder

    def port(self, name: str) -> int:
        return PORTS[name] + self.offset


def answers(port: int, path: str, containing: bytes = b"") -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == 200 and containing in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def program(name: str) -> str | None:
    """Debian's Prometheus and its like are where a user's PATH leads; PATH of others may lack /usr/sbin."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def database_and_cache(of: Layout) -> list[Member]:
    data, cores = of.backends.scratch / "data", of.placement.backends
    postgres, memcached = of.port("postgres"), of.port("memcached")
    return [
        Member("postgres", as_postgres([str(of.backends.programs / "postgres"), "-D", str(data), "-p", str(postgres)], None), cores,
               [postgres], f"postgresql://beastmark@127.0.0.1:{postgres}/postgres", of.backends.accepts_connections, within_s=60),
        Member("memcached", as_postgres(["memcached", "-l", "127.0.0.1", "-p", str(memcached), "-U", "0", "-t", str(len(cores)),
                                         *memcached_options(MEMCACHED_CONFIGURATION.read_text())], None), cores,
               [memcached], f"127.0.0.1:{memcached}", lambda: port_open(memcached)),
    ]


def services(of: Layout) -> list[Member]:
    def service(name: str, flags: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Member:
        port = of.port(name)
        command = [str(of.programs / name), "--address", "127.0.0.1", "--port", str(port), "--admin-address", "127.0.0.1",
                   "--admin-port", str(port + 1), *flags]
        return Member(name, command, of.placement.service, [port, port + 1], f"http://127.0.0.1:{port}/api/devices",
                      lambda: answers(port + 1, "/readyz"), env or {})

    return [service("baseline"), service("ingest", of.backends.flags, of.backends.environment)]


def exporters(of: Layout) -> list[Member]:
    def exporter(name: str, command: Sequence[str], containing: bytes, env: Mapping[str, str] | None = None) -> Member:
        port = of.port(name)
        return Member(name, [*command, f"--web.listen-address=127.0.0.1:{port}"], of.placement.backends, [port],
                      f"http://127.0.0.1:{port}/metrics", lambda: answers(port, "/metrics", containing), env or {})

    postgres, memcached = of.port("postgres"), of.port("memcached")
    source = f"postgresql://beastmark:{of.backends.password}@127.0.0.1:{postgres}/postgres?sslmode=disable"
    found = [
        exporter("postgres-exporter", ["prometheus-postgres-exporter", f"--extend.query-path={MONITORING}/postgres_exporter/queries.yml"],
                 b"\npg_up 1", {"DATA_SOURCE_NAME": source}),
        exporter("node-exporter", ["prometheus-node-exporter"], b"node_cpu_seconds_total"),
        exporter("process-exporter", ["prometheus-process-exporter", f"--config.path={of.state / 'process-exporter.yml'}"],
                 b"namedprocess_namegroup_cpu_seconds_total"),
    ]
    if memcached_exporter(of.tools):
        found.append(exporter("memcached-exporter", [memcached_exporter(of.tools), f"--memcached.address=127.0.0.1:{memcached}"],
                              b"\nmemcached_up 1"))
    return found


def memcached_exporter(tools: Path) -> str:
    """Empty: it is not there."""
    file = tools / "memcached_exporter"
    return str(file.resolve()) if os.access(file, os.X_OK) else program("prometheus-memcached-exporter") or ""


def prometheus(of: Layout) -> Member:
    port = of.port("prometheus")
    return Member("prometheus", ["prometheus", f"--config.file={of.state / 'prometheus.yml'}",
                                 f"--storage.tsdb.path={of.state / 'prometheus'}", f"--storage.tsdb.retention.time={RETENTION}",
                                 f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
                  of.placement.backends, [port], f"http://127.0.0.1:{port}", lambda: answers(port, "/-/ready"), within_s=60)


def grafana(of: Layout, password: str) -> list[Member]:
    """Where it is installed: Debian does not have it."""
    server = program("grafana-server")
    if server is None:
        return []
    port, data = of.port("grafana"), of.state / "grafana"
    command = [server]
    if Path("/usr/share/grafana/conf").is_dir():
        command += ["--homepath", "/usr/share/grafana"]
    env = {"GF_SERVER_HTTP_ADDR": "127.0.0.1", "GF_SERVER_HTTP_PORT": str(port), "GF_PATHS_DATA": str(data),
           "GF_PATHS_LOGS": str(data / "log"), "GF_PATHS_PLUGINS": str(data / "plugins"),
           "GF_PATHS_PROVISIONING": str(MONITORING / "grafana/provisioning"), "GF_LOG_MODE": "console",
           "GF_SECURITY_ADMIN_PASSWORD": password, "GF_AUTH_ANONYMOUS_ENABLED": "false", "GF_USERS_ALLOW_SIGN_UP": "false",
           "GF_ANALYTICS_REPORTING_ENABLED": "false", "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
           "PROMETHEUS_URL": f"http://127.0.0.1:{of.port('prometheus')}", "DASHBOARDS_PATH": str(ROOT / "dashboards")}
    return [Member("grafana", command, of.placement.backends, [port], f"http://127.0.0.1:{port}",
                   lambda: answers(port, "/api/health"), env, within_s=120)]


def members(of: Layout, grafana_password: str = "") -> list[Member]:
    """In the order in which they start; those whose program may be missing only where it is there."""
    return [*database_and_cache(of), *services(of), *exporters(of), prometheus(of), *grafana(of, grafana_password)]


def prometheus_configuration(template: str, offset: int) -> str:
    """deploy/monitoring/prometheus/local.yml with its ports moved and its rules where they are."""
    moved = re.sub(r"(127\.0\.0\.1):(\d+)", lambda found: f"{found[1]}:{int(found[2]) + offset}", template)
    return re.sub(r"(?m)^(\s*- )\.\./rules/", lambda found: f"{found[1]}{MONITORING}/rules/", moved)


def process_exporter_configuration(of: Layout) -> str:
    """Ours only, by their command lines, not another PostgreSQL on this machine. Their children count with them."""
    return "process_names:\n" + "".join(
        f"  - name: {name}\n    cmdline: [{json.dumps(re.escape(words))}]\n"
        for name, words in {"postgres": f"/postgres -D {of.backends.scratch / 'data'} ",
                            "memcached": f"memcached -l 127.0.0.1 -p {of.port('memcached')} "}.items())
