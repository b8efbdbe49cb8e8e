"""Streaming an agent's reply: what happens when it fails, whichever frames it is told in."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from eliza_cloud.api.http.sse import EventStream
from eliza_cloud.api.middleware.errors import ClientGoneError, log_unforeseen
from eliza_cloud.core.problems import INTERNAL_ERROR, Problem
from eliza_cloud.runtime.errors import LinkError


async def stream_reply(
    request: web.Request,
    tell: Callable[[EventStream], Awaitable[None]],
    tell_failure: Callable[[EventStream, Problem], Awaitable[None]],
) -> web.StreamResponse:
    """Stream what `tell` sends. What fails before the first frame is the answer, after it a last frame."""
    events = EventStream(request)
    try:
        await tell(events)
    except ClientGoneError:
        if not events.started:
            raise
    except Exception as error:
        if not events.started:
            raise
        if isinstance(error, LinkError):
            problem = error.problem
        else:
            log_unforeseen(request, error)
            problem = INTERNAL_ERROR.occurred()
        with suppress(ClientGoneError):
            await tell_failure(events, problem)
    return events.response
