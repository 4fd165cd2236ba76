"""Where the database is, as libpq writes it: asyncpg takes the URI, but neither the keyword form nor libpq's own
parameters, which it would send to the server as settings."""
from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

NAMES = {"host": "host", "hostaddr": "host", "port": "port", "user": "user", "password": "password",
         "dbname": "database", "sslmode": "ssl", "passfile": "passfile"}
SETTINGS = ("application_name", "options", "client_encoding")
IGNORED = ("connect_timeout", "target_session_attrs", "gssencmode", "channel_binding", "fallback_application_name",
           "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")


def connect_arguments(conninfo: str) -> dict[str, Any]:
    """Arguments for asyncpg.connect. What is missing asyncpg takes from libpq's environment, PGPASSWORD included.
    Raises ValueError that says what is wrong, without the password."""
    if conninfo.startswith(("postgresql://", "postgres://")):
        given = from_uri(conninfo)
    else:
        given = from_keywords(conninfo)
    arguments: dict[str, Any] = {}
    settings: dict[str, str] = {}
    for name, value in given.items():
        if name in NAMES:
            arguments[NAMES[name]] = value
        elif name in SETTINGS:
            settings[name] = value
        elif name not in IGNORED:
            raise ValueError(f'--postgres: unknown parameter "{name}"')
    if "port" in arguments:
        if not arguments["port"].isdigit():
            raise ValueError(f'--postgres: the port "{arguments["port"]}" is not a number')
        arguments["port"] = int(arguments["port"])
    if settings:
        arguments["server_settings"] = settings
    return arguments


def from_uri(uri: str) -> dict[str, str]:
    try:
        parts = urlsplit(uri)
        given = {"host": parts.hostname, "port": str(parts.port) if parts.port else None, "user": parts.username,
                 "password": parts.password, "dbname": parts.path.removeprefix("/")}
    except ValueError as wrong:
        raise ValueError(f"--postgres: {wrong}") from None
    found = {name: unquote(value) for name, value in given.items() if value}
    return found | dict(parse_qsl(parts.query))


def from_keywords(text: str) -> dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError as wrong:
        raise ValueError(f"--postgres: {wrong}") from None
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError("--postgres: is neither postgresql://USER@HOST:PORT/DB nor NAME=VALUE words")
        found[name] = value
    return found
