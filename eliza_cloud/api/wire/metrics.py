"""The service's numbers (handler: `api/metrics.py`)."""

from eliza_cloud.api.operation import Answer, Operation

_VARY = {"Vary": "`Accept`."}

SCRAPE = Operation(
    group="Service",
    summary="The service's numbers for Prometheus",
    about="The text format, or OpenMetrics for whoever accepts it. The reference lists all metrics.",
    answers=(
        Answer(200, "The text format.", media="text/plain", headers=_VARY),
        Answer(200, "OpenMetrics.", media="application/openmetrics-text", headers=_VARY),
    ),
)
