"""The API described by itself: for programs, and for people."""

from aiohttp import web

from eliza_cloud.api.keys import REFERENCE


async def openapi(request: web.Request) -> web.Response:
    """GET /api/openapi.json."""
    return request.app[REFERENCE].document.answer(request)


async def docs(request: web.Request) -> web.Response:
    """GET /docs."""
    return request.app[REFERENCE].page.answer(request)
