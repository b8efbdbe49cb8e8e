"""Metrics for Prometheus, and the count of each request."""

from aiohttp import web

from eliza_cloud.api.app_keys import METRICS
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse

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


async def scrape(request: web.Request) -> web.Response:
    """GET /metrics: Prometheus text, or OpenMetrics where `Accept` has it."""
    content, media = request.app[METRICS].exposition(request.headers.get("Accept", ""))
    return web.Response(body=content, headers={"Content-Type": media, "Vary": "Accept"})
