"""What of the stack runs, in files that outlive us: a process is known by its pid, when it started, and the boot it started in, so
that another one that has its number by now is never taken for it."""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from placement import Placement

PATIENCE_S = 15.0
# Writes down who it is, and becomes the program: there is no moment in which one runs that nobody knows of.
STARTER = ('read -r line <"/proc/$$/stat" && read -r boot </proc/sys/kernel/random/boot_id && '
           'printf "%s\\n%s\\n" "$line" "$boot" >"$1" && shift && exec "$@"')


@dataclass(frozen=True)
class Identity:
    pid: int
    start: int  # clock ticks after the boot


def parse_stat(line: str) -> tuple[Identity, str]:
    """From /proc/PID/stat (proc(5)): who it is, and its state. The program's name may hold spaces and parentheses."""
    fields = line[line.rindex(")") + 1:].split()
    return Identity(int(line.split(" ", 1)[0]), int(fields[19])), fields[0]


def boot_id(proc: Path = Path("/proc")) -> str:
    return (proc / "sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class Head:
    """What `up` wrote before it started anything."""

    port_offset: int
    scratch: str  # the folder of PostgreSQL's files, outside of the state
    placement: Placement
    service_cpus: int
    members: list[str]  # in the order in which they start


class Unreadable(Exception):
    """A file of the state is there and says nothing: the head, or the record of a process."""


class State:
    """The folder out/stack."""

    def __init__(self, folder: Path, proc: Path = Path("/proc")) -> None:
        self.folder, self.proc = folder, proc

    @property
    def head_file(self) -> Path:
        return self.folder / "stack.json"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def head(self) -> Head | None:
        """None: nothing was brought up, or what was is down. Raises Unreadable."""
        try:
            said = json.loads(self.head_file.read_text())
            return Head(**{**said, "placement": Placement(**said["placement"])})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):  # empty, torn, or of another version
            raise Unreadable(self.head_file) from None

    def begin(self, head: Head) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # logs of one that failed
        (self.folder / "pids").mkdir(parents=True)
        unfinished = self.head_file.with_suffix(".new")
        with open(unfinished, "w") as file:
            file.write(json.dumps(asdict(head), indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())  # else a crash may leave an empty one under the name
        unfinished.replace(self.head_file)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
        """In a session of its own: neither Ctrl-C nor the end of a terminal reaches it."""
        with open(self.log(name), "ab") as output:
            return subprocess.Popen(["/bin/sh", "-c", STARTER, "sh", str((self.folder / "pids" / name).resolve()), *command],
                                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **env}, cwd=cwd,
                                    start_new_session=True)

    def pid(self, name: str) -> int | None:
        """None: it does not run, or what has its number now is another one."""
        try:
            recorded, boot = self.record(name)
            present, state = parse_stat((self.proc / str(recorded.pid) / "stat").read_text())
        except (OSError, ValueError, Unreadable):  # the record may be half written
            return None
        return recorded.pid if boot == boot_id(self.proc) and present == recorded and state not in "ZX" else None

    def record(self, name: str) -> tuple[Identity, str]:
        """Who it was, and in which boot. Raises Unreadable, FileNotFoundError."""
        file = self.folder / "pids" / name
        try:
            line, boot = file.read_text().splitlines()
            return parse_stat(line)[0], boot
        except ValueError:
            raise Unreadable(file) from None

    def recorded(self) -> list[str]:
        """Those that wrote down who they are, in the order in which they started: without the head. Raises Unreadable."""
        return sorted((file.name for file in (self.folder / "pids").glob("*")), key=lambda name: self.record(name)[0].start)

    def running(self) -> dict[str, int]:
        head = self.head()
        pids = {name: self.pid(name) for name in head.members} if head else {}
        return {name: pid for name, pid in pids.items() if pid is not None}

    def stop(self, name: str, ending: signal.Signals = signal.SIGTERM, patience_s: float = PATIENCE_S) -> None:
        """The signal, patience, then SIGKILL to its process group."""
        pid = self.pid(name)
        if pid is None:
            return
        os.kill(pid, ending)
        deadline = time.monotonic() + patience_s
        while self.pid(name) == pid and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.pid(name) == pid:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # just gone
            while self.pid(name) == pid:
                time.sleep(0.02)

    def clear(self, keep_logs: bool) -> None:
        """When nothing runs any more."""
        try:
            head = self.head()
        except Unreadable:
            head = None
        if head is not None:
            shutil.rmtree(head.scratch, ignore_errors=True)
        if not keep_logs:
            shutil.rmtree(self.folder, ignore_errors=True)
        for path in self.folder.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix != ".log":
                path.unlink()
