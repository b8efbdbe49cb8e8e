"""The one route table. A route needs the token unless it is marked open here.

Its contract is an `Operation` beside its handler: what the route takes and answers, and which problems to
expect. To add a route, write types, operation and handler in one file of `api/resources` and name both in the
table; the document at /api/openapi.json and the page at /docs follow.
"""

from collections.abc import Awaitable, Callable, Iterator

import msgspec
from aiohttp import web

from eliza_cloud.api.openai import completions, media, models, operations, rpc, speech
from eliza_cloud.api.openapi.operation import Operation
from eliza_cloud.api.resources import (
    agents,
    backups,
    billing,
    billing_types,
    chat,
    credits,  # noqa: A004
    events,
    journal,
    login,
    metrics,
    probes,
    reference,
    routing,
    status,
)
from eliza_cloud.api.resources.compat import COMPAT_METHODS, COMPAT_PATH, compat, compat_operation


class Route(msgspec.Struct, frozen=True):
    """One endpoint; HEAD follows GET.

    An open one needs no token while every bound address is loopback, a probe needs none anywhere.
    """

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    contract: Operation | None = None
    open: bool = False
    probe: bool = False


_AGENT = "/api/cloud/agents/{agent_id}"
_BILLING = "/api/cloud/billing"

ROUTES = (
    Route("GET", "/healthz", probes.healthz, probes.HEALTHZ, probe=True),
    Route("GET", "/readyz", probes.readyz, probes.READYZ, probe=True),
    Route("GET", "/metrics", metrics.scrape, metrics.SCRAPE),
    Route("GET", "/api/cloud/status", status.status, status.STATUS, open=True),
    Route("GET", "/api/cloud/events", events.events, events.STREAM),
    Route("GET", "/api/cloud/journal", journal.entries, journal.ENTRIES),
    Route("GET", "/api/cloud/health", journal.health, journal.HEALTH),
    Route("GET", "/api/cloud/explain", journal.explain, journal.EXPLAIN),
    Route("POST", "/api/cloud/login", login.start_login, login.START),
    Route("GET", "/api/cloud/login/status", login.login_status, login.STATUS, open=True),
    Route("POST", "/api/cloud/login/cancel", login.cancel_login, login.CANCEL),
    Route("POST", "/api/cloud/disconnect", login.disconnect, login.DISCONNECT),
    Route("GET", "/api/cloud/agents", agents.list_agents, agents.LIST),
    Route("POST", "/api/cloud/agents", agents.create_agent, agents.CREATE),
    Route("POST", f"{_AGENT}/provision", agents.connect, agents.PROVISION),
    Route("POST", f"{_AGENT}/connect", agents.connect, agents.CONNECT),
    Route("POST", f"{_AGENT}/suspend", agents.suspend_agent, agents.SUSPEND),
    Route("POST", f"{_AGENT}/resume", agents.resume_agent, agents.RESUME),
    Route("POST", f"{_AGENT}/shutdown", agents.shutdown_agent, agents.SHUTDOWN),
    Route("GET", f"{_AGENT}/backups", backups.list_backups, backups.LIST),
    Route("POST", f"{_AGENT}/backups", backups.take_backup, backups.TAKE),
    Route("POST", f"{_AGENT}/restore", backups.restore, backups.RESTORE),
    Route("GET", "/api/cloud/log-level", probes.show_level, probes.SHOW_LEVEL),
    Route("PUT", "/api/cloud/log-level", probes.change_level, probes.CHANGE_LEVEL),
    Route("GET", "/api/cloud/credits", credits.balance, credits.BALANCE),
    Route("GET", f"{_BILLING}/summary", billing.summary, billing_types.SUMMARY),
    Route("GET", f"{_BILLING}/payment-methods", billing.payment_methods, billing_types.PAYMENT_METHODS),
    Route("GET", f"{_BILLING}/history", billing.history, billing_types.HISTORY),
    Route("POST", f"{_BILLING}/checkout", billing.checkout, billing_types.CHECKOUT),
    Route("POST", f"{_BILLING}/crypto/quote", billing.crypto_quote, billing_types.CRYPTO_QUOTE),
    Route("GET", f"{_BILLING}/settings", billing.cloud_settings, billing_types.SHOW_SETTINGS),
    Route("PUT", f"{_BILLING}/settings", billing.cloud_settings, billing_types.CHANGE_SETTINGS),
    Route("GET", f"{_BILLING}/credits/balance", billing.cloud_balance, billing_types.CLOUD_BALANCE),
    Route("GET", f"{_BILLING}/credits/summary", billing.cloud_summary, billing_types.CLOUD_SUMMARY),
    Route("GET", f"{_BILLING}/credits/verify", billing.verify_checkout, billing_types.VERIFY),
    Route("GET", f"{_BILLING}/crypto/status", billing.crypto_status, billing_types.CRYPTO_STATUS),
    Route("GET", f"{_BILLING}/crypto/payments", billing.crypto_paid, billing_types.CRYPTO_PAID),
    Route("GET", "/api/status", status.app_status, status.APP_STATUS),
    *(Route(method, COMPAT_PATH, compat, compat_operation(method)) for method in COMPAT_METHODS),
    Route("POST", "/api/chat", chat.chat, chat.CHAT_WHOLE),
    Route("POST", "/api/chat/stream", chat.stream, chat.CHAT_STREAM),
    Route("GET", "/api/cloud/routing", routing.show_routing, routing.SHOW),
    Route("PUT", "/api/cloud/routing/{capability}", routing.set_route, routing.SET),
    Route("DELETE", "/api/cloud/routing/{capability}", routing.clear_route, routing.CLEAR),
    Route("POST", "/api/provider/switch", routing.switch_provider, routing.SWITCH),
    Route("POST", "/api/tts/cloud", speech.cloud_speech, operations.CLOUD_SPEECH),
    Route("GET", "/v1/models", models.list_models, operations.MODELS),
    Route("POST", "/v1/chat/completions", completions.chat_completions, operations.CHAT),
    Route("POST", "/v1/embeddings", completions.embeddings, operations.EMBEDDINGS),
    Route("POST", "/v1/audio/speech", speech.speech, operations.SPEECH),
    Route("POST", "/v1/images/generations", media.images, operations.IMAGES),
    Route("POST", "/v1/videos/generations", media.videos, operations.VIDEOS),
    Route("POST", "/rpc/{chain}", rpc.rpc, operations.RPC),
    Route("GET", "/docs", reference.docs, reference.PAGE, open=True),
    Route("GET", "/docs/{page}", reference.docs_page, reference.WRITTEN, open=True),
    Route("GET", "/api/openapi.json", reference.openapi, reference.OPENAPI, open=True),
)


def add_routes(app: web.Application) -> None:
    """Enter the table into the application's router."""
    for route in ROUTES:
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            app.router.add_route(method, route.path, route.handler, expect_handler=_expect)


def is_open(request: web.Request) -> bool:
    """Tell whether the request's route needs no token on loopback; what matches no route always does."""
    return any(route.open or route.probe for route in _matched(request))


def is_probe(request: web.Request) -> bool:
    """Tell whether the request's route needs no token wherever the service listens."""
    return any(route.probe for route in _matched(request))


def _matched(request: web.Request) -> Iterator[Route]:
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    if resource is not None:
        yield from (one for one in ROUTES if one.method == method and one.path == resource.canonical)


async def _expect(request: web.Request) -> None:
    """Send `100 Continue` where it is expected; other expectations are ignored (RFC 9110 §10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
