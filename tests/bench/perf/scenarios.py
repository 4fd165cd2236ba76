"""The ten situations: how each is brought about around a running loadgen, and what it should say of it."""
import json
import os
import signal
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import cpu_group, enter_network_of, sandbox, then, unavailable, unshare, with_more_steal
from verdicts import compare, finding, judgement, started_at

QUIET_S = 3  # each run is left alone so long: what it says then must not be what it is to say after
DISTURBED_S = 8  # a tenth may be left out of a run that is believed: 1 of 11 s
LONGEST_S = 30  # of a run that never ends


@dataclass
class machine:
    """Where things run, and what is run."""
    loadgen: Path
    server: Path
    loadgen_cpu: int
    server_cpu: int


class run:
    """One run of loadgen against one server, made by a scenario before it begins and disturbed by it after."""

    def __init__(self, on: machine, box: sandbox):
        self.on, self.box = on, box
        self.network: list[str] = []  # prefix of the server
        self.around: list[str] = []   # prefix of loadgen
        self.group: cpu_group | None = None
        self.stat: Path | None = None
        self.server: subprocess.Popen
        self.load: subprocess.Popen

    def going(self) -> bool:
        return self.load.poll() is None

    def stop_for(self, seconds: float) -> float:
        """Returns how long loadgen has been stopped. It is to be resumed."""
        began = time.monotonic()
        self.load.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        return time.monotonic() - began

    def resume(self) -> None:
        self.load.send_signal(signal.SIGCONT)


# Brought about by something done to a run: `prepare` before, `disturb` once it has been left alone for QUIET_S.

def nothing(_: run) -> None:
    pass


def hogs_beside(r: run) -> None:
    # So many that loadgen's fair share is less than it needs: one alone may find a scheduler that always lets it pass.
    for _ in range(8):
        r.box.start([sys.executable, "-c", "while True: pass"], r.on.loadgen_cpu)


def into_group(r: run) -> None:
    r.group = cpu_group()
    r.box.on_exit(r.group.remove)
    r.around = then('echo $$ >"$1"', str(r.group.processes))


def limit_group(r: run) -> None:
    r.group.limit(0.2)


def stop_often(r: run) -> None:
    while r.going():
        r.stop_for(0.3)
        r.resume()
        time.sleep(0.7)


def emulate_stat(r: run) -> None:
    """Gives loadgen a /proc/stat of its own: a file that is bind-mounted over it in its mount namespace."""
    descriptor, name = tempfile.mkstemp(prefix="beastmark-stat-")
    os.close(descriptor)
    r.stat = Path(name)
    r.box.on_exit(r.stat.unlink)
    r.stat.write_text(Path("/proc/stat").read_text())
    r.around = [*unshare("--mount"), *then('mount --bind "$1" /proc/stat', name)]


def steal(r: run) -> None:
    """Time passes while loadgen stands still without having asked for a core, as when the hypervisor runs another guest. The
    file is rewritten while it is stopped: it never reads a half."""
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    stolen_s = 0.0
    while r.going():
        stolen_s += r.stop_for(0.03)
        r.stat.write_text(with_more_steal(Path("/proc/stat").read_text(), r.on.loadgen_cpu, int(stolen_s * ticks_per_s)))
        r.resume()
        time.sleep(0.07)


def kill_server(r: run) -> None:
    r.server.kill()


def network_apart(r: run) -> None:
    """The server is alone in a network namespace of its own; loadgen joins it when it starts."""
    for tool, package in (("ip", "iproute2"), ("nft", "nftables"), ("nsenter", "util-linux")):
        if not shutil.which(tool):
            raise unavailable(f"needs {tool} (Debian: {package})")
    r.network = [*unshare("--net"), *then("ip link set lo up")]


def lose_segments(r: run) -> None:
    # On input: a segment dropped on output is known to the sender at once. Not those of the handshake.
    rules = "add table ip lossy; add chain ip lossy in { type filter hook input priority 0; }; " \
            "add rule ip lossy in tcp flags & (syn | fin | rst) == 0 numgen random mod 100 < 5 drop"
    done = subprocess.run([*enter_network_of(r.server.pid), "nft", rules], capture_output=True, text=True)
    if done.returncode != 0:
        raise unavailable(f"needs nft with numgen in this kernel: {done.stderr.strip()}")


@dataclass(frozen=True)
class scenario:
    number: int
    name: str
    expected: judgement
    how: str
    slots: int       # of the server, 0: no limit
    service_us: int  # of each request, in its slot
    load: tuple[str, ...]
    prepare: Callable[[run], None] = nothing
    disturb: Callable[[run], None] | None = None  # None: it is in the load
    quiet_s: float = QUIET_S


def hold(rate: int) -> tuple[str, ...]:
    return ("-d", f"{QUIET_S + DISTURBED_S}s", "-R", str(rate))


def step(quiet: int, rate: int) -> tuple[str, ...]:
    return ("--stage", f"{QUIET_S}s:{quiet}", "--stage", f"{DISTURBED_S}s:{rate}")


VALID = judgement("valid", "none")

SCENARIOS = (
    scenario(1, "CPU hog", judgement("disturbed", "run-queue"), "8 busy processes on loadgen's core at 20,000 requests/s",
             0, 2000, ("-c", "256", *hold(20_000)), disturb=hogs_beside),
    scenario(2, "0.2-CPU cgroup", judgement("generator-limited", "quota"), "a quota of 0.2 cores at 40,000 requests/s",
             0, 2000, ("-c", "256", *hold(40_000)), into_group, limit_group),
    scenario(3, "too few connections", judgement("generator-limited", "connections"),
             "4 connections, 5 ms a request, 1000 requests/s instead of 400",
             0, 5000, ("-c", "4", *step(400, 1000))),
    scenario(4, "loop stall", judgement("generator-limited", "stall"), "loadgen is stopped for 0.3 s of each second",
             0, 2000, hold(1000), disturb=stop_often),
    scenario(5, "steal", judgement("disturbed", "steal"),
             "emulated from /proc/stat on: stopped for 30 ms of each 100 ms, counted there as steal",
             0, 2000, hold(1000), emulate_stat, steal),
    scenario(6, "slow server", judgement("server-saturated", "backlog"),
             "3000 requests/s instead of 1000 to a service that can take 2000",
             4, 2000, step(1000, 3000)),
    scenario(7, "dying server", judgement("server-saturated", "failures"),
             "the server is killed, its port refuses from then on",
             0, 2000, hold(1000), disturb=kill_server),
    scenario(8, "lossy network", judgement("disturbed", "retransmission"), "5 % of the segments get lost, both ways",
             0, 2000, ("-c", "256", *hold(500)), network_apart, lose_segments),
    scenario(9, "healthy", VALID, "1000 requests/s to a service that can take 2000",
             4, 2000, hold(1000), quiet_s=0),
    scenario(10, "healthy at the edge", VALID, "1700 requests/s, at random, to a service that can take 2000",
             4, 2000, ("--arrivals", "poisson", *hold(1700)), quiet_s=0),
)


def make_live(what: scenario, on: machine, folder: Path) -> finding:
    """Runs it; loadgen's files go to the folder. Raises unavailable where the system does not allow it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "result.json"
    file.unlink(missing_ok=True)  # of a run before, into the same folder
    with sandbox() as box, open(folder / "summary.txt", "w+") as summary:
        r = run(on, box)
        what.prepare(r)
        r.server = box.start([str(on.server), "0", str(what.slots), str(what.service_us)], on.server_cpu, r.network,
                             stdout=subprocess.PIPE)
        port = r.server.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"{on.server} did not start, exit code {r.server.wait()}")
        join = enter_network_of(r.server.pid) if r.network else []
        r.load = box.start([str(on.loadgen), "run", "--threads", "1", "--plain", "--output", str(folder), *what.load,
                            f"service=http://127.0.0.1:{port}/"],
                           on.loadgen_cpu, [*join, *r.around], stdout=summary, stderr=subprocess.STDOUT)
        onset = None
        if what.disturb:
            time.sleep(QUIET_S + 0.2)  # loadgen connects first
            onset = time.time()
            what.disturb(r)
        try:
            exit_code = r.load.wait(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"loadgen did not end within {LONGEST_S} s") from None
        if not file.exists():
            summary.seek(0)
            raise RuntimeError(f"loadgen ended with exit code {exit_code} and without a result: {summary.read().strip()}")
    return judge(what, file, onset, exit_code)


def judge(what: scenario, file: Path, onset: float | None, exit_code: int) -> finding:
    result = json.loads(file.read_text())
    onset_s = what.quiet_s if onset is None else onset - started_at(result)
    return compare(result, what.expected, onset_s, exit_code)
