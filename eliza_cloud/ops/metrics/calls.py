"""Calls that leave this machine: to Eliza Cloud, and on the roads of the gateway."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace

import aiohttp
from yarl import URL

from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.timeouts import is_overdue
from eliza_cloud.core.problems import Problem
from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.endpoints import endpoint_of
from eliza_cloud.ops.metrics.instruments import Registry, counter, histogram
from eliza_cloud.routing.upstreams.resolve import Upstream

#: Statuses with a meaning of their own (cloud-api §5); of others the class is shown.
_TOLD_APART = frozenset(map(HTTPStatus, (401, 402, 403, 404, 409, 429)))
#: The codes of the gateway's failures; a provider may answer with any other.
_FAILURES = frozenset(
    {
        "access_denied",
        "invalid_response",
        "base_url_refused",
        "clock_wrong",
        "cloud_server_error",
        "cloud_name_not_found",
        "cloud_timeout",
        "cloud_tls_failed",
        "cloud_unreachable",
        "credits_exhausted",
        "invalid_request",
        "key_rejected",
        "not_authenticated",
        "not_found",
        "provider_credits_exhausted",
        "provider_server_error",
        "provider_key_rejected",
        "provider_timeout",
        "provider_unreachable",
        "rate_limited",
        "redirected",
    }
)


class CloudCallMetrics:
    """Counts the calls of the sessions that are opened with `trace()`."""

    def __init__(self, registry: Registry, monotonic: Callable[[], float]) -> None:
        self._calls = counter(m.CLOUD_CALLS, registry)
        self._time = histogram(m.CLOUD_CALL_TIME, registry)
        self._monotonic = monotonic

    def trace(self) -> aiohttp.TraceConfig:
        """Return what aiohttp tells of each call to."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._begun)
        trace.on_request_end.append(self._answered)
        trace.on_request_exception.append(self._failed)
        return trace

    async def _begun(
        self, _: aiohttp.ClientSession, call: SimpleNamespace, __: aiohttp.TraceRequestStartParams
    ) -> None:
        call.begun = self._monotonic()

    async def _answered(
        self, _: aiohttp.ClientSession, call: SimpleNamespace, told: aiohttp.TraceRequestEndParams
    ) -> None:
        self._note(told.url, _outcome_of_status(told.response.status), call)

    async def _failed(
        self, _: aiohttp.ClientSession, call: SimpleNamespace, told: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self._note(told.url, _outcome_of_fault(told.exception, told.url), call)

    def _note(self, url: URL, outcome: str, call: SimpleNamespace) -> None:
        endpoint = endpoint_of(url.raw_path)
        self._calls.labels(endpoint, outcome).inc()
        self._time.labels(endpoint).observe(self._monotonic() - call.begun)


class GatewayCallMetrics:
    """Counts the gateway's calls."""

    def __init__(self, registry: Registry) -> None:
        self._calls = counter(m.GATEWAY_CALLS, registry)

    def note(self, upstream: Upstream, problem: Problem | None) -> None:
        """Count one call that was answered (None), or failed."""
        outcome = "answered"
        if problem is not None:
            outcome = problem.code if problem.code in _FAILURES else "refused"
        transport = "unknown" if upstream.route.transport is None else upstream.route.transport.value
        self._calls.labels(upstream.capability.value, transport, outcome).inc()


def _outcome_of_status(status: int) -> str:
    return str(status) if status in _TOLD_APART else f"{status // 100}xx"


def _outcome_of_fault(error: BaseException, url: URL) -> str:
    """Name a call without an answer as the rest of the service does; `cancelled` when nobody waits for it."""
    if isinstance(error, asyncio.CancelledError):
        return "cloud_timeout" if is_overdue() else "cancelled"
    if isinstance(error, NETWORK_ERRORS):
        return network_error(error, url).code
    return "failed"
