"""The API described by itself: for programs, and for people."""

import asyncio
from functools import cache
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import REFERENCE
from eliza_cloud.api.http.conditional import CachedResponse
from eliza_cloud.api.http.inputs import Parameter
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.openapi.page import HEADERS, found_page, written_page
from eliza_cloud.api.openapi.reference_pages import page_names
from eliza_cloud.core.problems import UNKNOWN_PAGE

_UNCHANGED = SuccessResponse(
    304, "It is still the one with the `ETag` that `If-None-Match` names.", media=None
)
_TAG = {"ETag": "Changes when the document does."}

PAGE_NAME = Parameter[str](
    "page",
    "The page's name.",
    Annotated[str, Meta(pattern="^[a-z-]+$")],
    place="path",
    example="architecture",
    problem=UNKNOWN_PAGE.occurred(),
)

ROOT = Operation(
    id="openDocs",
    group="Reference",
    summary="Lead a browser to the page",
    answers=(SuccessResponse(302, "The page is at `/docs`.", media=None, headers={"Location": "`/docs`."}),),
)
OPENAPI = Operation(
    id="getOpenApi",
    group="Reference",
    summary="This API as an OpenAPI document",
    answers=(
        SuccessResponse(200, "OpenAPI 3.1.", dict[str, Any], {"openapi": "3.1.0"}, headers=_TAG),
        _UNCHANGED,
    ),
)
SEARCHED: Parameter[str | None] = Parameter(
    "q",
    "Only calls and types that hold all of these words.",
    Annotated[str, Meta(max_length=100)],
    default=None,
    example="sign-in",
)
PAGE = Operation(
    id="getDocs",
    group="Reference",
    summary="This API as a page",
    parameters=(SEARCHED,),
    answers=(SuccessResponse(200, "The page.", media="text/html", headers=_TAG), _UNCHANGED),
)
WRITTEN = Operation(
    id="getDocsPage",
    group="Reference",
    summary="A page of the reference",
    about="The pages are linked from this API's page; `eliza-cloud reference NAME` prints one as Markdown.",
    parameters=(PAGE_NAME,),
    answers=(SuccessResponse(200, "The page.", media="text/html", headers=_TAG), _UNCHANGED),
)


async def root(_request: web.Request) -> web.Response:
    """GET /: what a browser that was given only the address is led to."""
    return web.Response(status=302, headers={"Location": "/docs"})


async def openapi(request: web.Request) -> web.Response:
    """GET /api/openapi.json."""
    return request.app[REFERENCE].document.answer(request)


async def docs(request: web.Request) -> web.Response:
    """GET /docs."""
    reference = request.app[REFERENCE]
    words = " ".join((SEARCHED.read(request) or "").split())
    if not words:
        return reference.page.answer(request)
    page = await asyncio.to_thread(found_page, reference.searched, words)
    return CachedResponse(page.encode(), "text/html", HEADERS).answer(request)


async def docs_page(request: web.Request) -> web.Response:
    """GET /docs/{page}: a page of the reference."""
    name = PAGE_NAME.read(request)
    if name not in page_names():
        raise RequestError(UNKNOWN_PAGE.occurred())
    return (await asyncio.to_thread(_prepared, name)).answer(request)


@cache
def _prepared(name: str) -> CachedResponse:
    return CachedResponse(written_page(name).encode(), "text/html", HEADERS)
