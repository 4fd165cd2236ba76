"""What baseline, ingest and loadgen export, read from each: no list can be out of date."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench" / "perf")]

from exported import Metric, kept, merge, read, scraped  # noqa: E402
from processes import end  # noqa: E402
from services import free_ports, running, service_flags  # noqa: E402

NOWHERE = ["--postgres", "host=127.0.0.1 port=1 user=nobody dbname=none", "--memcached", "127.0.0.1:1"]
LIMIT_S = 60


def exported(programs: Path) -> dict[str, Metric]:
    """By all programs: those of the folder as they are, exporters as they were."""
    found = kept()
    core = min(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        with (running("baseline", lambda port, admin: [str(programs / "baseline"), *service_flags(port, admin)], core,
                      logs / "baseline.log", "/healthz") as baseline,
              running("ingest", lambda port, admin: [str(programs / "ingest"), *service_flags(port, admin), *NOWHERE], core,
                      logs / "ingest.log", "/healthz") as ingest):
            for service in (baseline, ingest):
                merge(found, scraped(read(f"http://127.0.0.1:{service.admin_port}/metrics")))
            merge(found, scraped(of_loadgen(programs / "loadgen", baseline.port, logs)))
    return found


def of_loadgen(program: Path, port: int, folder: Path) -> str:
    [own] = free_ports(1)
    log = folder / "loadgen.log"
    with log.open("wb") as output:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", str(program), "run", "-R", "20", "-d", "1s", "-c", "2",
                                    "--metrics", f"127.0.0.1:{own}", "--linger", f"{LIMIT_S}s", "-o", str(folder / "run"),
                                    f"baseline=http://127.0.0.1:{port}/api/devices"], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                text = read(f"http://127.0.0.1:{own}/metrics")
                if "loadgen_offered_rps{" in text:
                    return text
            except OSError:
                pass  # not yet
            time.sleep(0.05)
        raise RuntimeError(f"loadgen exported nothing; it said: {log.read_text(errors='replace')}")
    finally:
        end(process, signal.SIGINT)
