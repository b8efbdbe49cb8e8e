"""One line for each request that was answered: never its query, body or headers."""

from urllib.parse import unquote

import structlog
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse


class AccessLog(AbstractAccessLogger):
    """Writes the access log through the one pipe; the request's id comes from the context."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log method, path without its query, status and duration in milliseconds."""
        structlog.get_logger().info(
            "request",
            method=request.method,
            path=shown_path(request),
            status=response.status,
            duration_ms=round(time * 1000, 1),
            remote=request.remote,
        )


def shown_path(request: BaseRequest) -> str:
    """Return the path decoded, so that a secret in it is seen, and without what could steer a terminal."""
    decoded = unquote(request.rel_url.raw_path)
    return "".join(shown if shown.isprintable() else "\N{REPLACEMENT CHARACTER}" for shown in decoded)
