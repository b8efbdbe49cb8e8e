"""Streaming an agent's reply: what happens when it fails, in whichever frames it is sent."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from eliza_cloud.api.http.responses import ClientGoneError
from eliza_cloud.api.http.sse import EventStream
from eliza_cloud.api.middleware.request import log_unforeseen
from eliza_cloud.core.problems import INTERNAL_ERROR, Problem
from eliza_cloud.runtime.errors import LinkError


async def stream_reply(
    request: web.Request,
    send: Callable[[EventStream], Awaitable[None]],
    send_problem: Callable[[EventStream, Problem], Awaitable[None]],
) -> web.StreamResponse:
    """Stream what `send` writes. What fails before the first frame is the answer, after it a last frame."""
    events = EventStream(request)
    try:
        await send(events)
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
            await send_problem(events, problem)
    return events.response
