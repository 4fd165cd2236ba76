"""python -m devices FLAGS: listens, starts the workers, serves the admin port, and ends when all have drained."""
from __future__ import annotations

import importlib.metadata
import logging
import os
import platform
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

from devices import VERSION
from devices.admin import Admin
from devices.conninfo import connect_arguments
from devices.options import Options, parse
from devices.supervisor import Supervisor
from devices.tree import TreeCollector

logger = logging.getLogger("devices")
BACKLOG = 4096


def version() -> str:
    parts = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("fastapi", "uvicorn"))
    return f"fastapi {VERSION} ({os.environ.get('DEVICES_REVISION', 'unknown')}), {parts}, " \
           f"Python {platform.python_version()}"


def listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener


def fail(message: str) -> int:
    print(f"fastapi: {message}", file=sys.stderr)
    return 1


def serve(options: Options, arguments: list[str], listener: socket.socket, folder: Path) -> int:
    supervisor = Supervisor(options, arguments, listener, folder)
    try:
        admin = Admin((options.admin_address, options.admin_port), supervisor.ready, folder,
                      TreeCollector(supervisor.pids))
    except OSError as wrong:
        return fail(f"--admin-address {options.admin_address} --admin-port {options.admin_port}: {reason(wrong)}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.on_signal)
    threading.Thread(target=admin.serve_forever, name="admin", daemon=True).start()
    logger.info("%s serves %s on %s port %d, admin port %d, workers %d%s", version(),
                "POST" if options.posts else "GET", options.address, options.port, options.admin_port,
                options.workers, f", pool {options.pool}" if options.posts else "")
    supervisor.run()
    return 0


def reason(wrong: OSError) -> str:
    return (wrong.strerror or str(wrong)).lower()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    arguments = sys.argv[1:]
    options = parse(arguments, version())
    if options.postgres is not None:
        try:
            connect_arguments(options.postgres)
        except ValueError as wrong:
            print(f"fastapi: {wrong}", file=sys.stderr)
            return 2
    try:
        listener = listen(options.address, options.port)
    except OSError as wrong:
        return fail(f"--address {options.address} --port {options.port}: {reason(wrong)}")
    with tempfile.TemporaryDirectory(prefix="devices-") as folder:
        return serve(options, arguments, listener, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
