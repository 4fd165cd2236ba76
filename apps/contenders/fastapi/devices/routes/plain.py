"""The fast way of this ecosystem: the body read and the answer written by orjson, a Response returned as it is, so that
FastAPI neither validates nor encodes. Its own way, models.py, costs more (measured in the commit that added this)."""
from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response

from devices.backends import Backends
from devices.device import DEVICES, read_device, stored_device
from devices.metrics import API

JSON = "application/json"


def add_get(app: FastAPI) -> None:
    @app.api_route(API, methods=["GET", "HEAD"])
    async def devices() -> Response:
        return Response(orjson.dumps(DEVICES), media_type=JSON)


def add_post(app: FastAPI, backends: Backends) -> None:
    store, cache = backends.store, backends.cache

    @app.post(API)
    async def create(request: Request) -> Response:
        mac, firmware = read_device(await request.body())
        uuid, now = uuid4(), datetime.now(UTC)
        id = await store.insert(uuid, mac, firmware, now)
        device = stored_device(id, uuid, mac, firmware, now)
        body = orjson.dumps(device)
        stored = await cache.set(device["uuid"].encode(), body)
        return Response(body, 201, {"X-Cache": "stored" if stored else "failed"}, JSON)
