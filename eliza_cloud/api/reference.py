"""The API described by itself: for programs, and for people."""

import asyncio
from functools import cache

from aiohttp import web

from eliza_cloud.api.errors import RequestError
from eliza_cloud.api.keys import REFERENCE
from eliza_cloud.api.prepared import Prepared
from eliza_cloud.api.reference_page import HEADERS, written_page
from eliza_cloud.api.reference_pages import page_names
from eliza_cloud.api.wire.reference import UNKNOWN_PAGE


async def openapi(request: web.Request) -> web.Response:
    """GET /api/openapi.json."""
    return request.app[REFERENCE].document.answer(request)


async def docs(request: web.Request) -> web.Response:
    """GET /docs."""
    return request.app[REFERENCE].page.answer(request)


async def docs_page(request: web.Request) -> web.Response:
    """GET /docs/{page}: a page of the reference."""
    name = request.match_info["page"]
    if name not in page_names():
        raise RequestError(UNKNOWN_PAGE)
    return (await asyncio.to_thread(_prepared, name)).answer(request)


@cache
def _prepared(name: str) -> Prepared:
    return Prepared(written_page(name).encode(), "text/html", HEADERS)
