"""Metrics for Prometheus, and the count of each request."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.api.app_keys import METRICS
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.ops.logging.access_log import route_of
from eliza_cloud.ops.metrics.requests import RequestMetrics

_VARY = {"Vary": "`Accept`."}

SCRAPE = Operation(
    id="scrapeMetrics",
    group="Service",
    summary="Metrics for Prometheus",
    about="The text format, or OpenMetrics where `Accept` has it. The reference lists all metrics.",
    answers=(
        SuccessResponse(200, "The text format.", media="text/plain", headers=_VARY),
        SuccessResponse(200, "OpenMetrics.", media="application/openmetrics-text", headers=_VARY),
    ),
)


_BEGUN = web.RequestKey("begun", float)


async def scrape(request: web.Request) -> web.Response:
    """GET /metrics: Prometheus text, or OpenMetrics where `Accept` has it."""
    content, media = request.app[METRICS].exposition(request.headers.get("Accept", ""))
    return web.Response(body=content, headers={"Content-Type": media, "Vary": "Accept"})


@web.middleware
async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Record when a request arrived."""
    request[_BEGUN] = time.monotonic()
    return await handler(request)


def counting(metrics: RequestMetrics) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return what counts a request when its answer begins, for aiohttp's `on_response_prepare`.

    The end would be too late: a stream lasts for hours.
    """

    async def count(request: web.Request, response: web.StreamResponse) -> None:
        now = time.monotonic()
        took = now - request.get(_BEGUN, now)
        metrics.answered(request.method, route_of(request), response.status, took)

    return count
