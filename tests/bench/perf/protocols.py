#!/usr/bin/env python3
"""CPU per request of loadgen beside h2load's: HTTPS and HTTP/2, against nginx and h2o. `./bench perf client --protocols` builds what
is needed and calls this.

Both in closed loop, on one core, over as many connections with as many streams, in interleaved rounds. Writes a table (also to stdout) and
JSON to --out. Exit code: 0 all goals met, 3 one was missed, 1 could not run, 2 bad use.
"""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from contestants import Contestant, nginx_config
from perf_main import place_services, run, version, write_results
from procfs import Watch
from programs import CouldNotRun, Load, Setup, loadgen, run_client
from rounds import InterleavedRounds, Patience, Row, at_most, row, say
from services import Service, free_ports

GOAL = 1.1
BODY = '[{"id":1,"mac":"5F-33-CC-1F-43-82","firmware":"2.1.6"},{"id":2,"mac":"EF-2B-C4-F5-D6-34","firmware":"2.1.5"}]'

# As root it would become nobody, who may not read the folder.
H2O = """num-threads: 1
max-connections: 4096
user: {user}
error-log: /dev/stderr
listen: {{host: 127.0.0.1, port: {port}}}
listen: {{host: 127.0.0.1, port: {secure}, ssl: {{certificate-file: {folder}/server.crt, key-file: {folder}/server.key}}}}
hosts:
  default:
    paths:
      /: {{file.dir: {folder}/www}}
"""


@dataclass(frozen=True)
class Scenario:
    title: str
    secure: bool
    http2: bool
    connections: int
    streams: int


HTTPS = Scenario("HTTPS (HTTP/1.1)", True, False, 64, 1)
HTTP2 = Scenario("HTTP/2 over TLS", True, True, 16, 10)
HTTP2_PLAIN = Scenario("HTTP/2 without TLS", False, True, 16, 10)


@dataclass
class Turn:
    load: Load
    severity: float


@dataclass
class Pair(InterleavedRounds[Turn]):
    """Rounds of one scenario against one server."""

    title: str = ""
    repeated: list[bool] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        worst = max(turn.severity for r in self.rounds for turn in r.values())
        note = f"{len(self.rounds)} rounds, {sum(self.repeated)} repeated" + (", some disturbed all the same" if worst > 1 else "")
        rows = [row(f"{self.title}, {client}: {what}", self.values(client, of))
                for what, of in (("CPU us per request", lambda t: t.load.cpu_us), ("requests/s", lambda t: t.load.rps))
                for client in ("loadgen", "h2load")]
        ratio = at_most(f"{self.title}: CPU per request, loadgen / h2load", self.ratios_of("loadgen", "h2load", lambda t: t.load.cpu_us), GOAL, note)
        failed = [sum(self.values(client, lambda t: t.load.failed)) for client in ("loadgen", "h2load")]
        return [*rows, ratio] + ([row(f"{self.title}: requests without a good answer", failed)] if any(failed) else [])


@dataclass
class Round:
    turns: dict[str, Turn]
    repeated: bool = False

    @property
    def severity(self) -> float:
        return max(turn.severity for turn in self.turns.values())


def make_certificate(folder: Path) -> None:
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                           "-subj", "/CN=localhost", "-keyout", folder / "server.key", "-out", folder / "server.crt"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise CouldNotRun(f"openssl made no certificate: {made.stderr}")


def nginx(folder: Path, plain_http2: int) -> Contestant:
    def command(port: int, secure: int) -> list[str]:
        config = folder / "nginx.conf"
        config.write_text(nginx_config(
            folder, port, BODY, f"ssl_certificate {folder}/server.crt; ssl_certificate_key {folder}/server.key;",
            f"listen 127.0.0.1:{secure} ssl http2 backlog=4096; listen 127.0.0.1:{plain_http2} http2 backlog=4096;"))
        return ["nginx", "-e", "stderr", "-c", str(config)]

    return Contestant("nginx", "nginx", command)


def h2o(folder: Path) -> Contestant:
    def command(port: int, secure: int) -> list[str]:
        devices = folder / "www/api/devices"
        devices.parent.mkdir(parents=True, exist_ok=True)
        devices.write_text(BODY)
        config = folder / "h2o.conf"
        config.write_text(H2O.format(folder=folder, port=port, secure=secure, user=folder.owner()))
        return ["h2o", "-c", str(config)]

    return Contestant("h2o", "h2o", command)


def parse_h2load(text: str) -> tuple[int, float, int]:
    """Requests with an answer, requests per second and failures from what h2load prints."""
    counts = re.search(r"^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded", text, re.MULTILINE)
    rate = re.search(r"^finished in [\d.]+\w+, ([\d.]+) req/s", text, re.MULTILINE)
    if not counts or not rate or int(counts[1]) == 0:
        raise CouldNotRun(f"h2load made no request, or its output is of another form:\n{text}")
    return int(counts[1]), float(rate[1]), int(counts[1]) - int(counts[2])


def h2load(setup: Setup, scenario: Scenario, url: str, seconds: int) -> Load:
    ended = run_client(setup.client_core, ["h2load", "-t1", f"-c{scenario.connections}", f"-m{scenario.streams}", f"-D{seconds}",
                                           *(() if scenario.http2 else ("--h1",)), url], seconds + 20)
    if ended.code != 0:
        raise CouldNotRun(f"h2load ended with exit code {ended.code}:\n{ended.output}")
    requests, rps, failed = parse_h2load(ended.output)
    return Load(ended, requests, rps, float("nan"), failed, {})


def summary(load: Load) -> dict[str, object]:
    return {name: value for name, value in load.summary.items() if name != "p99_us"}  # which h2load does not tell


def measure(setup: Setup, scenario: Scenario, service: Service, title: str, url: str, rounds: int, seconds: int, patience: Patience) -> Pair:
    clients: dict[str, Callable[[], Load]] = {
        "loadgen": lambda: loadgen(replace(setup, connections=scenario.connections), replace(service, url=url), seconds, "--closed",
                                   *(("-k",) if url.startswith("https:") else ()), *(("--http2", "--streams", str(scenario.streams)) if scenario.http2 else ())),
        "h2load": lambda: h2load(setup, scenario, url, seconds),
    }

    def one(turn: int) -> Round:
        turns = {}
        for name in list(clients)[::-1 if turn % 2 else 1]:
            before, watch = service.cpu(), Watch(setup.cores)
            load = clients[name]()
            turns[name] = Turn(load, watch.disturbance([service.cpu() - before, load.ended.cpu]).severity)
        say("  " + "   ".join(f"{name} {turns[name].load.cpu_us:.2f} us" for name in clients))
        return Round(turns)

    made = Pair(title=title)
    for turn in range(rounds):
        say(f"{title}: round {turn + 1} of {rounds}")
        best = patience.cleaner_of_two(partial(one, turn))
        made.rounds.append(best.turns)
        made.repeated.append(best.repeated)
    return made


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="protocols.py", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with bin/loadgen")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, help="of each comparison [7, quick: 3]")
    asked = parser.parse_args(argv)
    for program, package in (("h2load", "nghttp2-client"), ("nginx", "nginx-light")):
        if shutil.which(program) is None:
            raise CouldNotRun(f"{program} is missing: ./bench setup perf installs it ({package})")
    setup = place_services(asked.build, asked.out, [asked.build / "bin/loadgen"])
    rounds, seconds = (asked.rounds or 3, 2) if asked.quick else (asked.rounds or 7, 4)
    patience = Patience(10 if asked.quick else 60)
    pairs = []
    with tempfile.TemporaryDirectory(prefix="beastmark-protocols-") as name:
        folder = Path(name)
        make_certificate(folder)
        plain_http2 = free_ports(1)[0]
        servers = {"nginx": (nginx(folder, plain_http2), [HTTPS, HTTP2, HTTP2_PLAIN]), "h2o": (h2o(folder), [HTTP2, HTTP2_PLAIN])}
        if shutil.which("h2o") is None:
            say("h2o is not there and left out: where Debian has it, apt-get install h2o")
            del servers["h2o"]
        for server, (contestant, scenarios) in servers.items():
            with contestant.serving(setup) as service:
                for scenario in scenarios:
                    plain = plain_http2 if server == "nginx" else service.port
                    url = f"https://127.0.0.1:{service.admin_port}" if scenario.secure else f"http://127.0.0.1:{plain}"
                    pairs.append(measure(setup, scenario, service, f"{scenario.title}, {server}", f"{url}/api/devices", rounds, seconds, patience))
    return write_results(asked.out, "perf_protocols", "./bench perf client --protocols",
                         f"{version(setup.loadgen)}; {version(Path('h2load'))}", {pair.title: pair.rows for pair in pairs},
                         {"pairs": {pair.title: [{client: summary(turn.load) for client, turn in r.items()} for r in pair.rounds] for pair in pairs}})


if __name__ == "__main__":
    run(main, sys.argv[1:])
