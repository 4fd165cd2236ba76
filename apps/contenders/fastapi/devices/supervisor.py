"""The parent's hold on its workers: starts them on one listening socket, replaces one that died, drains them."""
from __future__ import annotations

import logging
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from devices.options import Options

logger = logging.getLogger("devices")

CHECK_SECONDS = 0.05
# Longer than a worker takes for what is under way; then it is killed.
GRACE_SECONDS = 3.0
# A worker that ends sooner than this is not replaced at once.
YOUNG_SECONDS = 1.0


class Worker:
    def __init__(self, process: subprocess.Popen[bytes], began: float) -> None:
        self.process = process
        self.began = began


class Supervisor:
    """All but ready() and pids() is the main thread's."""

    def __init__(self, options: Options, arguments: list[str], listener: socket.socket, folder: Path) -> None:
        self._options = options
        self._arguments = arguments
        self._listener = listener
        self._folder = folder
        self._workers: list[Worker | None] = [None] * options.workers
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._was_ready = False
        with tempfile.TemporaryFile() as file:  # a byte for each worker, set by it
            file.truncate(options.workers)
            self._ready_descriptor = os.dup(file.fileno())
        self._ready = mmap.mmap(self._ready_descriptor, 0)

    def ready(self) -> bool:
        """All of them at first, so that a load finds all; then any: a worker that is replaced takes nothing away."""
        if self._stop.is_set():
            return False
        flags = bytes(self._ready)
        self._was_ready = self._was_ready or all(flags)
        return self._was_ready and any(flags)

    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._workers if worker is not None]

    def on_signal(self, *_: object) -> None:
        (self._hurry if self._stop.is_set() else self._stop).set()

    def run(self) -> None:
        """Until a signal, and all has drained."""
        for index in range(self._options.workers):
            self._start(index)
        while not self._stop.wait(CHECK_SECONDS):
            for index, worker in enumerate(self._workers):
                if worker is not None and worker.process.poll() is not None:
                    self._replace(index, worker)
        self._hurry.wait(self._options.drain_delay)
        self._drain()

    def _start(self, index: int) -> None:
        descriptors = (self._listener.fileno(), self._ready_descriptor)
        command = [sys.executable, "-m", "devices.worker", str(index), *map(str, descriptors), *self._arguments,
                   "--workers", str(self._options.workers)]  # their number is not counted twice
        process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=descriptors,
                                   env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(self._folder)})
        self._workers[index] = Worker(process, time.monotonic())

    def _replace(self, index: int, worker: Worker) -> None:
        self._bury(index, worker)
        logger.error("worker %d (pid %d) ended with code %d; another one takes its place", index,
                     worker.process.pid, worker.process.returncode)
        if time.monotonic() - worker.began < YOUNG_SECONDS:
            self._stop.wait(YOUNG_SECONDS)
        if not self._stop.is_set():
            self._start(index)

    def _bury(self, index: int, worker: Worker) -> None:
        worker.process.stdin.close()
        self._ready[index] = 0
        self._workers[index] = None
        mark_process_dead(worker.process.pid, str(self._folder))

    def _drain(self) -> None:
        self._listener.close()
        living = [(index, worker) for index, worker in enumerate(self._workers) if worker is not None]
        for _, worker in living:
            worker.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._options.drain_timeout + GRACE_SECONDS
        for index, worker in living:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                logger.error("worker %d did not end in time and is killed", index)
                worker.process.kill()
                worker.process.wait()
            self._bury(index, worker)
