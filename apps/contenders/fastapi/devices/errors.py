"""Errors as the contract has them: {"error": "<code>", "detail": "<what, where, limit>"}."""
from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException

# Of errors that Starlette raises itself.
CODES = {404: ("not_found", "nothing is here; devices are at /api/devices"),
         405: ("method_not_allowed", "the resource does not take this method; the Allow header lists those it takes")}


class ContractError(HTTPException):
    """An HTTPException with a code for programs beside the text for people."""

    def __init__(self, status: int, error: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.error = error


def error_json(error: str, detail: str) -> bytes:
    return orjson.dumps({"error": error, "detail": detail})


def json_of(raised: HTTPException) -> bytes:
    if isinstance(raised, ContractError):
        return error_json(raised.error, raised.detail)
    return error_json(*CODES.get(raised.status_code, (f"http_{raised.status_code}", str(raised.detail))))
