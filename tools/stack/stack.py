#!/usr/bin/env python3
"""Services, database, cache and monitoring on this machine, to be looked at. `./bench stack` installs and builds what is needed and
calls this. What it leaves is in one folder (out/stack): process ids, logs, data.

Exit code: 0 all is well (of down: all is gone), 1 not, 2 bad use, 130 interrupted.
"""
from __future__ import annotations

import argparse
import fcntl
import json
import os
import secrets
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench/perf"))

import backends  # noqa: E402  (after the path above)
from members import (MONITORING, PORTS, Layout, Member, memcached_exporter, members, process_exporter_configuration,  # noqa: E402
                     prometheus_configuration)
from placement import listed, place  # noqa: E402
from processes import check_ports, tail  # noqa: E402
from programs import CouldNotRun  # noqa: E402
from state import Head, State, Unreadable  # noqa: E402

HOW_TO_GET_GRAFANA = ("Grafana is not here: Debian does not have it. Its .deb is at grafana.com/grafana/download; where grafana-server is "
                      "installed, \"./bench stack up\" starts it with the dashboards. Until then: ./bench dashboards render")
HOW_TO_GET_MEMCACHED = "memcached_exporter is not here: its panels have no data. ./bench setup dev brings it"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments(argv: list[str]) -> argparse.Namespace:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) > 40000:
            raise argparse.ArgumentTypeError(f'"{text}" is not a number up to 40000')
        return int(text)

    parser = argparse.ArgumentParser(prog="bench stack", description=__doc__)
    parser.add_argument("verb", choices=("up", "down", "status", "pids", "loadgen-cores"))
    parser.add_argument("--port-offset", type=number, default=0, help="of up: adds N to every port")
    parser.add_argument("--service-cpus", type=number, default=2)
    parser.add_argument("--state", type=Path, default=ROOT / "out/stack")
    parser.add_argument("--programs", type=Path, default=ROOT / "build/release/bin", help="where baseline and ingest are")
    parser.add_argument("--tools", type=Path, default=ROOT / "build/tools", help="where memcached_exporter may be")
    return parser.parse_args(argv)


def layout(asked: argparse.Namespace, offset: int, scratch: Path, password: str = "") -> Layout:
    placement = place(max(asked.service_cpus, 1), sorted(os.sched_getaffinity(0)))
    database = backends.Backends(backends.newest_postgres(), scratch, password, placement, PORTS["postgres"] + offset,
                                 PORTS["memcached"] + offset, asked.programs / "ingest")
    return Layout(asked.state, asked.programs, asked.tools, offset, placement, database)


def stop_all(state: State, keep_logs: bool) -> int:
    """Newest first, then the files. How many ran. Raises Unreadable where what runs cannot be known."""
    try:
        head = state.head()
        names = head.members if head else []
    except Unreadable:
        names = state.recorded()
    running = [name for name in names if state.pid(name)]
    for name in reversed(names):
        state.stop(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)  # "fast": it does not wait for its clients
    state.clear(keep_logs)
    return len(running)


def start(state: State, member: Member, cwd: Path) -> None:
    """And waits until it is ready."""
    started = state.start(member.name, member.confined, member.env, cwd)
    deadline = time.monotonic() + member.within_s
    while not member.ready():
        if started.poll() is not None:
            raise CouldNotRun(f"{member.name} ended with exit code {started.returncode} before it was ready"
                              f"{tail(state.log(member.name))}")
        if time.monotonic() > deadline:
            raise CouldNotRun(f"{member.name} did not become ready within {member.within_s:g} s{tail(state.log(member.name))}")
        time.sleep(0.1)


@contextmanager
def alone(state: State) -> Iterator[None]:
    """One of us at a time changes what runs."""
    state.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(state.folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CouldNotRun(f"another ./bench stack is at work on {state.folder}: wait for its end") from None
    finally:
        os.close(lock)


def start_all(asked: argparse.Namespace, state: State, scratch: Path) -> None:
    placement = layout(asked, asked.port_offset, scratch).placement
    names = [member.name for member in members(layout(asked, asked.port_offset, scratch))]
    state.begin(Head(asked.port_offset, str(scratch), placement, asked.service_cpus, names))
    scratch.mkdir(mode=0o700)  # after the head, which names it: whatever ends us now, "down" removes it
    say(f"placement: {placement}; monitoring on {','.join(map(str, placement.backends))} too")
    password = backends.make_cluster(backends.newest_postgres(), scratch, "data", placement.backends, state.log("postgres"))
    of = layout(asked, asked.port_offset, scratch, password)
    template = (MONITORING / "prometheus/local.yml").read_text()
    (state.folder / "prometheus.yml").write_text(prometheus_configuration(template, of.offset))
    (state.folder / "process-exporter.yml").write_text(process_exporter_configuration(of))
    grafana_password = state.folder / "grafana-password"
    grafana_password.touch(mode=0o600)
    grafana_password.write_text(secrets.token_urlsafe(12) + "\n")
    for member in members(of, grafana_password.read_text().strip()):
        start(state, member, scratch)
        if member.name == "memcached":
            of.backends.create_table()  # before ingest, which wants it


def up(asked: argparse.Namespace) -> int:
    state = State(asked.state)
    head = state.head()
    if head is not None and (running := state.running()):
        if len(running) < len(head.members):
            missing = [name for name in head.members if name not in running]
            raise CouldNotRun(f"the stack is up, but for {', '.join(missing)}; ./bench stack down, then up again. Logs: {state.folder}")
        if head.port_offset != asked.port_offset:
            raise CouldNotRun(f"the stack is up with --port-offset {head.port_offset}: say the same, or ./bench stack down first")
        if head.service_cpus != asked.service_cpus:
            raise CouldNotRun(f"the stack is up with --service-cpus {head.service_cpus}: say the same, or ./bench stack down first")
        say("the stack is up already")
        return status(asked)
    if head is not None:
        say("removing what was left of a stack that ended without \"down\"")
        state.clear(keep_logs=False)
    scratch = Path(backends.scratch_root()).resolve() / f"beastmark-stack.{secrets.token_hex(4)}"
    try:
        check_ports({port: member.name for member in members(layout(asked, asked.port_offset, scratch)) for port in member.ports})
        start_all(asked, state, scratch)
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stop_all(state, keep_logs=True)
        raise
    return status(asked)


def scraped(port: int) -> dict[str, str]:
    """What Prometheus says of each job: "up", or why not. Empty where it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets?state=active", timeout=3) as answer:
            targets = json.load(answer)["data"]["activeTargets"]
    except (OSError, ValueError, KeyError):
        return {}
    return {each["labels"]["job"]: each["health"] if each["health"] != "down" else each["lastError"] for each in targets}


def status(asked: argparse.Namespace) -> int:
    state = State(asked.state)
    head, running = state.head(), state.running()
    if head is None or not running:
        print("the stack is down" + ("; what was left of it is removed by ./bench stack down" if head else ""))
        return 1
    of = layout(asked, head.port_offset, Path(head.scratch))
    known = {member.name: member for member in members(of)}
    well = True
    for name in head.members:
        member = known.get(name)
        ready = name in running and (member is None or member.ready())
        well = well and ready
        health = "well" if ready else "not ready" if name in running else "ENDED, see its log"
        print(f"{name:<19} {health:<10} pid {running.get(name, '-'):<8} {member.address if member else ''}")
    jobs = scraped(of.port("prometheus"))
    print(f"scraped: {', '.join(job for job, health in jobs.items() if health == 'up') or 'nothing yet'}")
    for job, health in jobs.items():  # loadgen and contenders are scraped where they run, which is not ours to say
        ours = f"{job}-exporter" in head.members or job in ("baseline", "ingest", "prometheus")
        if ours and health not in ("up", "unknown"):
            print(f"not scraped: {job}: {health}")
    print(f"placement: {head.placement}\nlogs and data: {state.folder}")
    if "grafana" in head.members:
        print(f"Grafana's user is admin, its password in {state.folder / 'grafana-password'}")
    else:
        print(HOW_TO_GET_GRAFANA)
    if not memcached_exporter(asked.tools):
        print(HOW_TO_GET_MEMCACHED)
    return 0 if well else 1


def pids(asked: argparse.Namespace) -> int:
    for name, pid in State(asked.state).running().items():
        print(name, pid)
    return 0


def loadgen_cores(asked: argparse.Namespace) -> int:
    head = State(asked.state).head()
    if head is None:
        raise CouldNotRun("the stack is down; ./bench stack up brings it up")
    print(listed(head.placement.loadgen))
    return 0


def down(asked: argparse.Namespace) -> int:
    state = State(asked.state)
    there = state.folder.exists()
    try:
        state.head()
    except Unreadable as problem:
        say(f"{problem} is not readable: what was started is ended by what each program wrote down itself. PostgreSQL's files are "
            f"not known; they are one of {backends.scratch_root()}/beastmark-stack.*, to be removed by hand")
    ended = stop_all(state, keep_logs=False)
    say(f"stopped {ended} programs" if ended else "nothing ran; its files are gone" if there else "the stack is down already")
    return 0


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    asked.state, asked.programs, asked.tools = (path.resolve() for path in (asked.state, asked.programs, asked.tools))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    try:
        if asked.verb in ("status", "pids", "loadgen-cores"):
            return {"status": status, "pids": pids, "loadgen-cores": loadgen_cores}[asked.verb](asked)
        with alone(State(asked.state)):
            return {"up": up, "down": down}[asked.verb](asked)
    except CouldNotRun as problem:
        say(f"bench: {problem}")
        return 1
    except Unreadable as problem:
        way_out = (f"look for what still runs (ps), end it, and remove {asked.state}" if asked.verb == "down"
                   else "./bench stack down ends what it started, and removes it")
        say(f"bench: {problem} is not readable: {way_out}")
        return 1
    except PermissionError as problem:
        say(f"bench: {problem}: the stack may be another user's, who has to take it down")
        return 1
    except OSError as problem:
        say(f"bench: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
