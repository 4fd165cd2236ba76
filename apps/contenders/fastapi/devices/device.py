"""The device of the contract: what is accepted as one, and its JSON."""
from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from devices.errors import ContractError

MAC = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}")
FIRMWARE_CHARACTERS = 64

# What GET answers; serialised anew for each request.
DEVICES: list[dict[str, Any]] = [
    {"id": id, "uuid": uuid, "mac": mac, "firmware": firmware, "created_at": created_at, "updated_at": created_at}
    for id, uuid, mac, firmware, created_at in (
        (1, "9add349c-c35c-4d32-ab0f-53da1ba40a2a", "EF-2B-C4-F5-D6-34", "2.1.5", "2024-05-28T15:21:51.137Z"),
        (2, "d2293412-36eb-46e7-9231-af7e9249fffe", "E7-34-96-33-0C-4C", "1.0.3", "2024-01-28T15:20:51.137Z"),
        (3, "eee58ca8-ca51-47a5-ab48-163fd0e44b77", "68-93-9B-B5-33-B9", "4.3.1", "2024-08-28T15:18:21.137Z"))]


def read_device(body: bytes) -> tuple[str, str]:
    """mac and firmware of a request's body; ContractError 400 otherwise. Of a key given twice the last counts, and
    orjson refuses what is not UTF-8 (lone surrogates, too), so that a str from here can always be stored."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise ContractError(400, "malformed_json", f"the body is no JSON: {wrong}") from None
    if not isinstance(content, dict):
        raise ContractError(400, "not_an_object", "the body is JSON, but no object")
    return checked_mac(content.get("mac")), checked_firmware(content.get("firmware"))


def checked_mac(value: Any) -> str:
    if not isinstance(value, str) or MAC.fullmatch(value) is None:
        raise ContractError(400, "bad_mac", "mac has to be a string of six two-digit hex groups joined by -")
    return value


def checked_firmware(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= FIRMWARE_CHARACTERS or "\0" in value:
        raise ContractError(400, "bad_firmware",
                            f"firmware has to be a string of 1 to {FIRMWARE_CHARACTERS} characters without NUL")
    return value


def timestamp(at: datetime) -> str:
    """RFC 3339 of a UTC time, to the microsecond, which is what PostgreSQL stores. Not left to a serialiser: they drop
    the fraction where it is 0."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def stored_device(id: int, uuid: UUID, mac: str, firmware: str, at: datetime) -> dict[str, Any]:
    text = timestamp(at)
    return {"id": id, "uuid": str(uuid), "mac": mac, "firmware": firmware, "created_at": text, "updated_at": text}
