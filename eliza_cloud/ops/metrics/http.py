"""Metrics of HTTP: requests by route, calls to Eliza Cloud by endpoint (a bounded set), gateway calls."""

import asyncio
import re
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from types import SimpleNamespace

import aiohttp
from yarl import URL

from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.request import is_overdue
from eliza_cloud.core.problems import Problem
from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.instruments import Registry, counter, histogram
from eliza_cloud.routing.upstreams.resolve import Upstream

OTHER = "other"

_AGENT = "/api/v1/{prefix}/agents/{id}"
ENDPOINTS = (
    "/api/auth/cli-session",
    "/api/auth/cli-session/{id}",
    "/api/v1/api-keys/current",
    "/api/v1/user",
    "/api/v1/jobs/{id}",
    "/api/v1/{prefix}/agents",
    _AGENT,
    f"{_AGENT}/provision",
    f"{_AGENT}/suspend",
    f"{_AGENT}/resume",
    f"{_AGENT}/wake",
    f"{_AGENT}/upgrade-tier",
    f"{_AGENT}/bridge",
    f"{_AGENT}/stream",
    f"{_AGENT}/snapshot",
    f"{_AGENT}/backups",
    f"{_AGENT}/restore",
    "/api/v1/credits/balance",
    "/api/v1/credits/summary",
    "/api/v1/credits/verify",
    "/api/v1/credits/checkout",
    "/api/v1/billing/settings",
    "/api/v1/billing/limits",
    "/api/credits/transactions",
    "/api/crypto/status",
    "/api/crypto/payments",
    "/api/v1/models",
    "/api/v1/chat/completions",
    "/api/v1/embeddings",
    "/api/v1/voice/tts",
    "/api/v1/generate-image",
    "/api/v1/generate-video",
    "/api/v1/rpc/{chain}",
    "/api/compat/{path}",
)
_SHAPES = {
    "{prefix}": "(?:eliza|milady|milaidy)",
    "{id}": "[^/]+",
    "{chain}": "[^/]+",
    "{path}": ".+",
}


def _shape(template: str) -> str:
    return re.sub(r"{\w+}", lambda found: _SHAPES[found[0]], template.replace("-", r"\-"))


_KNOWN = re.compile("|".join(f"({_shape(template)})" for template in ENDPOINTS))


def endpoint_of(path: str) -> str:
    """Return the template of an encoded path, whatever path of the base URL's own leads; `OTHER` for none."""
    for start in (path.find("/api/"), path.rfind("/api/")):
        found = _KNOWN.fullmatch(path, max(start, 0))
        if found is not None and found.lastindex is not None:
            return ENDPOINTS[found.lastindex - 1]
    return OTHER


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
        self, _: aiohttp.ClientSession, call: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        self._note(ended.url, _outcome_of_status(ended.response.status), call)

    async def _failed(
        self, _: aiohttp.ClientSession, call: SimpleNamespace, ended: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self._note(ended.url, _outcome_of_fault(ended.exception, ended.url), call)

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
    """Name a call without an answer as the rest of the service does; `cancelled` when its caller has gone."""
    if isinstance(error, asyncio.CancelledError):
        return "cloud_timeout" if is_overdue() else "cancelled"
    if isinstance(error, NETWORK_ERRORS):
        return network_error(error, url).code
    return "failed"
