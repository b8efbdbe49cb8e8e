"""The API described by itself: for programs, and for people."""

from typing import Any

from aiohttp import web

from eliza_cloud.api.app_keys import REFERENCE
from eliza_cloud.api.openapi.operation import Answer, Operation

_UNCHANGED = Answer(304, "It is still the one with the `ETag` that `If-None-Match` names.", media=None)
_TAG = {"ETag": "Changes when the document does."}

OPENAPI = Operation(
    group="Reference",
    summary="This API as an OpenAPI document",
    answers=(
        Answer(200, "OpenAPI 3.1.", dict[str, Any], {"openapi": "3.1.0"}, headers=_TAG),
        _UNCHANGED,
    ),
)
PAGE = Operation(
    group="Reference",
    summary="This API as a page",
    answers=(Answer(200, "The page.", media="text/html", headers=_TAG), _UNCHANGED),
)


async def openapi(request: web.Request) -> web.Response:
    """GET /api/openapi.json."""
    return request.app[REFERENCE].document.answer(request)


async def docs(request: web.Request) -> web.Response:
    """GET /docs."""
    return request.app[REFERENCE].page.answer(request)
