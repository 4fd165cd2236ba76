"""As the FastAPI program of antonputra/tutorials, lesson 231, did it, contract apart: GET is not async, so that each
request goes through a thread of anyio's pool (of 1000, as there); the new device is a Pydantic model, the answer a
dict that goes through FastAPI's encoder into orjson."""
from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import anyio.to_thread
import orjson
from fastapi import FastAPI, Response
from fastapi.exceptions import FastAPIDeprecationWarning
from fastapi.responses import ORJSONResponse

from devices.backends import Backends
from devices.device import DEVICES, stored_device
from devices.metrics import API
from devices.routes.models import NewDevice

warnings.simplefilter("ignore", FastAPIDeprecationWarning)


def prepare() -> None:
    anyio.to_thread.current_default_thread_limiter().total_tokens = 1000


def add_get(app: FastAPI) -> None:
    @app.api_route(API, methods=["GET", "HEAD"], response_class=ORJSONResponse, response_model=None)
    def devices() -> list[dict[str, Any]]:
        return DEVICES


def add_post(app: FastAPI, backends: Backends) -> None:
    store, cache = backends.store, backends.cache

    @app.post(API, status_code=201, response_class=ORJSONResponse, response_model=None)
    async def create(new: NewDevice, response: Response) -> dict[str, Any]:
        uuid, now = uuid4(), datetime.now(UTC)
        id = await store.insert(uuid, new.mac, new.firmware, now)
        device = stored_device(id, uuid, new.mac, new.firmware, now)
        stored = await cache.set(device["uuid"].encode(), orjson.dumps(device))
        response.headers["X-Cache"] = "stored" if stored else "failed"
        return device
