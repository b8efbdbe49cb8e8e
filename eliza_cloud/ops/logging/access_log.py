"""One line for each request that was answered: never its query, body or headers.

What changed something, failed or was slow is worth info, a read that went well debug. Of requests that are
refused without the token only so many a minute are logged: whoever can reach the port can send them.
"""

import logging
import time
from collections.abc import Callable
from urllib.parse import unquote

import structlog
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, Request, RequestKey, StreamResponse

from eliza_cloud.core import log_events

READY = "/readyz"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_STREAM = "text/event-stream"
SLOW = 1.0  # seconds
PATH_SHOWN = 300  # characters
STRANGERS_LINES = 20  # a minute
MINUTE = 60.0

#: Set on a request that came with the token.
TRUSTED = RequestKey("trusted", bool)


class LineBudget:
    """So many lines a minute; what comes beyond is counted for the next line."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._began = -MINUTE
        self._left = 0
        self._omitted = 0

    def spend(self) -> int | None:
        """Return how many were omitted before this line; None when this one is to be omitted, too."""
        now = self._monotonic()
        if now - self._began >= MINUTE:
            self._began, self._left = now, STRANGERS_LINES
        if not self._left:
            self._omitted += 1
            return None
        self._left -= 1
        omitted, self._omitted = self._omitted, 0
        return omitted


class AccessLog(AbstractAccessLogger):
    """Writes the access log through the one pipe; the request's id comes from the context.

    aiohttp makes one for each connection. What they share is the `LineBudget` that the server hands in as
    their logger; without one each has its own.
    """

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        super().__init__(logger, log_format)
        self._strangers = logger if isinstance(logger, LineBudget) else LineBudget()

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log method, route, path without its query, status, duration and what was sent, head included."""
        more = {}
        if _is_quiet(request, response, time):
            log = structlog.get_logger().debug
        else:
            log = structlog.get_logger().info
            if response.status >= 400 and not request.get(TRUSTED):
                omitted = self._strangers.spend()
                if omitted is None:
                    return
                more = {"omitted": omitted} if omitted else {}
        log(
            log_events.REQUEST_ANSWERED,
            method=request.method,
            route=route_of(request),
            path=shown_path(request),
            status=response.status,
            bytes=request.writer.output_size,
            duration_ms=round(time * 1000, 1),
            remote=request.remote,
            **more,
        )


def _is_quiet(request: BaseRequest, response: StreamResponse, duration: float) -> bool:
    """Tell whether nobody needs to know: a read that went well, and at once unless it is a stream.

    A link that is not ready has logged that itself, once.
    """
    if request.method not in _READS:
        return False
    if (request.path, response.status) == (READY, 503):
        return True
    return response.status < 400 and (duration < SLOW or response.content_type == _STREAM)


def route_of(request: BaseRequest) -> str | None:
    """Return the template of the request's route (`/rpc/{chain}`); None when it came to none."""
    try:
        resource = request.match_info.route.resource if isinstance(request, Request) else None
    except (AttributeError, AssertionError):
        return None
    return None if resource is None else resource.canonical


def shown_path(request: BaseRequest) -> str:
    """Return the path decoded, so that a secret in it is seen, without what could steer a terminal."""
    raw = request.rel_url.raw_path
    decoded = unquote(raw if len(raw) <= PATH_SHOWN else f"{raw[:PATH_SHOWN]}…")
    return "".join(shown if shown.isprintable() else "\N{REPLACEMENT CHARACTER}" for shown in decoded)
