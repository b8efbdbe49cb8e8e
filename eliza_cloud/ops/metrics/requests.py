"""Requests to the API, by the template of their route."""

from http import HTTPMethod, HTTPStatus

from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.instruments import Registry, counter, histogram

UNMATCHED = "unmatched"
_METHODS = frozenset(method.value for method in HTTPMethod)
_STATUSES = frozenset({*(status.value for status in HTTPStatus), 499})


class RequestMetrics:
    """Counts answers."""

    def __init__(self, registry: Registry) -> None:
        self._requests = counter(m.REQUESTS, registry)
        self._time = histogram(m.REQUEST_TIME, registry)

    def answered(self, method: str, route: str | None, status: int, took: float) -> None:
        """Count a request whose answer begins now, after so many seconds; None came to no route."""
        route = UNMATCHED if route is None else route
        method = method if method in _METHODS else "other"
        shown = str(status) if status in _STATUSES else f"{status // 100}xx"
        self._requests.labels(method, route, shown).inc()
        self._time.labels(method, route).observe(took)
