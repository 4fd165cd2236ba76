"""The FastAPI application: routes, and errors as the contract has them."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from devices.backends import Backends
from devices.errors import ContractError, json_of
from devices.metrics import HEALTH
from devices.routes import models, original, plain

JSON = "application/json"
WAYS = {"plain": plain, "models": models, "original": original}


def build_app(routes: str, backends: Backends | None,
              lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """With backends it serves POST, without them GET."""
    app = FastAPI(openapi_url=None, redirect_slashes=False, lifespan=lifespan, strict_content_type=False,
                  telemetry={"tracing": False, "metrics": False, "logs": False},
                  exception_handlers={HTTPException: answer_http, RequestValidationError: answer_invalid,
                                      Exception: answer_unexpected})
    way = WAYS[routes]
    if backends is None:
        way.add_get(app)
    else:
        way.add_post(app, backends)

    @app.api_route(HEALTH, methods=["GET", "HEAD"])
    async def health() -> Response:
        return Response(b'{"status":"ok"}', media_type=JSON)

    return app


async def answer_http(_: Request, raised: HTTPException) -> Response:
    return Response(json_of(raised), raised.status_code, raised.headers, JSON)


async def answer_invalid(_: Request, raised: RequestValidationError) -> Response:
    first = raised.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return await answer_http(_, ContractError(400, "invalid_device", f"{where}: {first['msg']}"))


async def answer_unexpected(_: Request, raised: Exception) -> Response:
    return await answer_http(_, ContractError(500, "internal_error", "the server failed; its log says how"))
