"""Writing to a reader who may stop reading, or go away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from eliza_cloud.api.errors import ClientGoneError


@asynccontextmanager
async def keeping_up(request: web.Request, seconds: float) -> AsyncIterator[None]:
    """Bound a write: raises `ClientGoneError` when nobody reads; one who stalls for `seconds` is cut off."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ClientGoneError from None
    except ConnectionError:
        raise ClientGoneError from None
