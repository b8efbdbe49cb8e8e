"""One line for each request that was answered: never its query, body or headers."""

from urllib.parse import unquote

import structlog
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, Request, StreamResponse

from eliza_cloud.core import log_events

READY = "/readyz"
#: Asked every few seconds by machines; that all is well is only worth a debug line.
PROBES = frozenset({"/healthz", READY, "/metrics"})


class AccessLog(AbstractAccessLogger):
    """Writes the access log through the one pipe; the request's id comes from the context."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log method, route, path without its query, status, duration and what was sent, head included."""
        log = structlog.get_logger()
        (log.debug if _is_quiet(request.path, response.status) else log.info)(
            log_events.REQUEST_ANSWERED,
            method=request.method,
            route=route_of(request),
            path=shown_path(request),
            status=response.status,
            bytes=request.writer.output_size,
            duration_ms=round(time * 1000, 1),
            remote=request.remote,
        )


def _is_quiet(path: str, status: int) -> bool:
    """Tell whether it is not worth a line: a link that is not ready has logged that itself, once."""
    return path in PROBES and (200 <= status < 300 or (path, status) == (READY, 503))


def route_of(request: BaseRequest) -> str | None:
    """Return the template of the request's route (`/rpc/{chain}`); None when it came to none."""
    try:
        resource = request.match_info.route.resource if isinstance(request, Request) else None
    except (AttributeError, AssertionError):
        return None
    return None if resource is None else resource.canonical


def shown_path(request: BaseRequest) -> str:
    """Return the path decoded, so that a secret in it is seen, and without what could steer a terminal."""
    decoded = unquote(request.rel_url.raw_path)
    return "".join(shown if shown.isprintable() else "\N{REPLACEMENT CHARACTER}" for shown in decoded)
