"""What a live disturbance needs of the system: processes, a control group, namespaces. All is taken back at the end."""
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

GROUP_PREFIX = "beastmark-honesty-"


class unavailable(Exception):
    """This system does not allow it; says what is missing."""


def pid_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but there
        pass
    return True


def find_group_parent(root: Path = Path("/")) -> tuple[Path, int]:
    """Where a control group with a CPU quota can be made, and the version (1 or 2) of the hierarchy there.

    Version 2 allows processes or controlled groups in one group, not both, the root excepted: the new group goes below the
    nearest group above ours that hands the cpu controller down.
    """
    mount = root / "sys/fs/cgroup"
    own = dict((controllers, path) for _, controllers, path in
               (line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()))
    for controllers, path in own.items():
        if "cpu" in controllers.split(","):
            for folder in (controllers, "cpu", "cpu,cpuacct"):
                for group in (mount / folder / path.lstrip("/"), mount / folder):
                    if (group / "cgroup.procs").exists():
                        return group, 1
    if (mount / "cgroup.controllers").exists() and "" in own:
        path = own[""].strip("/")
        if not path:
            candidates = [mount]
        else:
            group = mount / path
            candidates = [p for p in group.parents if p == mount or mount in p.parents]
        for group in candidates:
            control = group / "cgroup.subtree_control"
            if control.exists() and "cpu" in control.read_text().split():
                return group, 2
    raise unavailable("needs a control group hierarchy with the cpu controller")


class cpu_group:
    """A control group, without a quota at first."""

    def __init__(self, root: Path = Path("/")):
        parent, self.version = find_group_parent(root)
        for left in parent.glob(GROUP_PREFIX + "*"):  # of a run that was killed
            if not pid_lives(int(left.name.removeprefix(GROUP_PREFIX))):
                left.rmdir()
        self.folder = parent / f"{GROUP_PREFIX}{os.getpid()}"
        try:
            self.folder.mkdir()
        except OSError as error:
            raise unavailable(f"needs to make a control group in {parent} (root): {error.strerror}") from None
        self.processes = self.folder / "cgroup.procs"

    def limit(self, cores: float) -> None:
        period_us = 100_000
        quota_us = round(cores * period_us)
        if self.version == 1:
            (self.folder / "cpu.cfs_period_us").write_text(str(period_us))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (self.folder / "cpu.max").write_text(f"{quota_us} {period_us}")

    def remove(self) -> None:
        deadline = time.monotonic() + 5
        while True:  # a process that was just reaped may be in it for a moment
            try:
                return self.folder.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def with_more_steal(stat: str, cpu: int, ticks: int) -> str:
    """/proc/stat with so many more ticks of steal time on that CPU, and in the sum."""
    # proc(5): cpu user nice system idle iowait irq softirq steal
    return re.sub(rf"^(cpu(?:{cpu})? +(?:\d+ ){{7}})(\d+)", lambda m: f"{m[1]}{int(m[2]) + ticks}", stat, flags=re.MULTILINE)


def unshare(*kinds: str) -> list[str]:
    """As root of this system, or else of a user namespace, where those are allowed."""
    command = ["unshare", *kinds, *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if not shutil.which("unshare"):
        raise unavailable("needs unshare (Debian: util-linux)")
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise unavailable(f"needs root or user namespaces: {tried.stderr.strip()}")
    return command


def enter_network_of(pid: int) -> list[str]:
    own = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(pid), *own, "--net"]


def then(script: str, *arguments: str) -> list[str]:
    """A prefix: runs the shell script with $1... and becomes the command that follows."""
    return ["sh", "-c", f'{script} && shift {len(arguments)} && exec "$@"', "sh", *arguments]


class sandbox:
    """The processes of one scenario. Ends them when left, however it is left; they end, too, when this process is killed."""

    def __init__(self) -> None:
        self._undo = ExitStack()

    def __enter__(self) -> "sandbox":
        return self

    def __exit__(self, *_) -> None:
        # A second Ctrl-C waits until all is taken back.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            self._undo.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def on_exit(self, undo: Callable[[], object]) -> None:
        """What was made last is undone first."""
        self._undo.callback(undo)

    def start(self, command: list[str], cpu: int, prefix: Sequence[str] = (), **streams) -> subprocess.Popen:
        """On that core, in a session of its own, so that Ctrl-C reaches it through __exit__ alone."""
        whole = [*prefix, "setpriv", "--pdeathsig", "KILL", "taskset", "-c", str(cpu), *command]
        process = subprocess.Popen(whole, start_new_session=True, text=True, **streams)
        self.on_exit(lambda: end(process))
        return process


def end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.kill()  # reaches one that is stopped, too
    process.wait()
    if process.stdout:
        process.stdout.close()
