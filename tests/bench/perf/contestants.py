"""Who answers GET /api/devices beside the baseline: the floor, nginx, and the contenders that are set up."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from programs import CouldNotRun, Setup
from services import Service, running, service_flags
from targets import load_targets

SLOW = ("fastapi",)  # so far from the others that a few rounds tell
SLOW_ROUNDS = 3

# One worker, and nothing done beside the answer. Temporary files are never needed, but nginx wants the folders.
NGINX = """daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 4000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {settings}
    server {{
        {listens}
        default_type application/json;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""


def nginx_config(folder: Path, port: int, body: str, settings: str = "", listens: str = "") -> str:
    """`body`: without quotes of its kind, backslashes and dollars, which nginx would take for something else. `settings`, of http, and
    `listens`: further ones."""
    if any(c in body for c in "'\\$"):
        raise CouldNotRun("the answer has a character that nginx's configuration cannot hold")
    return NGINX.format(folder=folder, body=body, settings=settings, listens=f"listen 127.0.0.1:{port} backlog=4096; {listens}")


@dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    command: Callable[[int, int], list[str]]  # of the app's and the admin port
    ready_path: str = ""  # on the admin port; without one the app is asked

    @contextmanager
    def serving(self, setup: Setup, descriptors: int = 0) -> Iterator[Service]:
        with running(self.name, self.command, setup.server_core, setup.out / f"{self.name}.log", self.ready_path,
                     descriptors) as service:
            yield service

    def takes_part(self, turn: int) -> bool:
        return self.name not in SLOW or turn < SLOW_ROUNDS


def floor(setup: Setup) -> Contestant:
    return Contestant("floor", "floor (plain epoll)", lambda port, _: [str(setup.floor_server), "--port", str(port)])


def baseline(program: Path, *options: str) -> Contestant:
    return Contestant("baseline", "baseline", lambda port, admin: [str(program), *service_flags(port, admin), *options],
                      "/readyz")


def nginx(folder: Path, body: bytes) -> Contestant:
    def command(port: int, _: int) -> list[str]:
        config = folder / "nginx.conf"
        config.write_text(nginx_config(folder, port, body.decode()))
        return ["nginx", "-e", "stderr", "-c", str(config)]

    return Contestant("nginx", "nginx, one worker", command)


def contenders(root: Path) -> tuple[list[Contestant], list[str]]:
    """Those that are set up, and the names of those that are not. Without variants and what this build makes."""
    there, missing = [], []
    for target in load_targets(root).values():
        words = target.commands.get("get")
        if words is None or target.like is not None or target.is_built("get"):
            continue
        if target.missing("get", root):
            missing.append(target.name)
            continue
        command = [str(root / words[0]) if "/" in words[0] else words[0], *words[1:]]
        there.append(Contestant(target.name, target.name,
                                lambda port, admin, command=command: [*command, *service_flags(port, admin)],
                                "/readyz"))
    return there, missing
