"""One line for each request that was answered: never its query, body or headers."""

import structlog
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse


class AccessLog(AbstractAccessLogger):
    """Writes the access log through the one pipe; the request's id comes from the context."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log method, path as it was sent without its query, status and duration in milliseconds."""
        structlog.get_logger().info(
            "request",
            method=request.method,
            path=request.rel_url.raw_path,
            status=response.status,
            duration_ms=round(time * 1000, 1),
            remote=request.remote,
        )
