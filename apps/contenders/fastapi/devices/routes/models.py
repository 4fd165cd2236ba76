"""The way of FastAPI's manual: Pydantic models in and out. Since FastAPI 0.131 what a route returns is serialised to bytes
by Pydantic itself, and ORJSONResponse is deprecated."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import FastAPI, Response
from pydantic import AfterValidator, BaseModel, TypeAdapter

from devices.backends import Backends
from devices.device import DEVICES, checked_firmware, checked_mac, stored_device
from devices.errors import ContractError
from devices.metrics import API


def valid_text(text: str) -> str:
    """json.loads, which FastAPI reads bodies with, lets lone surrogates pass."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ContractError(400, "malformed_json", "a string holds a lone surrogate")
    return text


class NewDevice(BaseModel):
    mac: Annotated[str, AfterValidator(checked_mac)]
    firmware: Annotated[str, AfterValidator(valid_text), AfterValidator(checked_firmware)]


class Device(BaseModel):
    id: int
    uuid: str
    mac: str
    firmware: str
    created_at: str
    updated_at: str


ROWS = TypeAdapter(list[Device]).validate_python(DEVICES)


def add_get(app: FastAPI) -> None:
    @app.api_route(API, methods=["GET", "HEAD"])
    async def devices() -> list[Device]:
        return ROWS


def add_post(app: FastAPI, backends: Backends) -> None:
    store, cache = backends.store, backends.cache

    @app.post(API, status_code=201)
    async def create(new: NewDevice, response: Response) -> Device:
        uuid, now = uuid4(), datetime.now(UTC)
        id = await store.insert(uuid, new.mac, new.firmware, now)
        device = Device(**stored_device(id, uuid, new.mac, new.firmware, now))
        stored = await cache.set(device.uuid.encode(), device.model_dump_json().encode())
        response.headers["X-Cache"] = "stored" if stored else "failed"
        return device
