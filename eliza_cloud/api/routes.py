"""The one route table. A route needs the token unless it is marked open here.

Its contract is an `Operation` of `api/wire`, beside the types that travel: what the route takes and answers,
and which failures to expect. To add a route, write the types of its bodies there, have the handler return
them, and name the operation in the table; the document at /api/openapi.json and the page at /docs follow.
"""

from collections.abc import Awaitable, Callable, Iterator

import msgspec
from aiohttp import web

from eliza_cloud.api import (
    agents,
    backups,
    billing,
    billing_passing,
    capabilities,
    chat,
    contracts,
    events,
    journal,
    log_level,
    login,
    media,
    metrics,
    models,
    probes,
    provider_switch,
    reference,
    routing,
    rpc,
    speech,
    status,
)
from eliza_cloud.api.compat import COMPAT_METHODS, COMPAT_PATH, compat
from eliza_cloud.api.credits import balance
from eliza_cloud.api.operation import Operation


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
    Route("GET", "/healthz", probes.healthz, contracts.probes.HEALTHZ, probe=True),
    Route("GET", "/readyz", probes.readyz, contracts.probes.READYZ, probe=True),
    Route("GET", "/metrics", metrics.scrape, contracts.metrics.SCRAPE),
    Route("GET", "/api/cloud/status", status.status, contracts.status.STATUS, open=True),
    Route("GET", "/api/cloud/events", events.events, contracts.events.STREAM),
    Route("GET", "/api/cloud/journal", journal.entries, contracts.journal.JOURNAL),
    Route("GET", "/api/cloud/health", journal.health, contracts.journal.HEALTH),
    Route("GET", "/api/cloud/explain", journal.explain, contracts.journal.EXPLAIN),
    Route("POST", "/api/cloud/login", login.start_login, contracts.login.START),
    Route("GET", "/api/cloud/login/status", login.login_status, contracts.login.STATUS, open=True),
    Route("POST", "/api/cloud/login/cancel", login.cancel_login, contracts.login.CANCEL),
    Route("POST", "/api/cloud/disconnect", login.disconnect, contracts.login.DISCONNECT),
    Route("GET", "/api/cloud/agents", agents.list_agents, contracts.agents.LIST),
    Route("POST", "/api/cloud/agents", agents.create_agent, contracts.agents.CREATE),
    Route("POST", f"{_AGENT}/provision", agents.connect, contracts.agents.PROVISION),
    Route("POST", f"{_AGENT}/connect", agents.connect, contracts.agents.CONNECT),
    Route("POST", f"{_AGENT}/suspend", agents.suspend_agent, contracts.agents.SUSPEND),
    Route("POST", f"{_AGENT}/resume", agents.resume_agent, contracts.agents.RESUME),
    Route("POST", f"{_AGENT}/shutdown", agents.shutdown_agent, contracts.agents.SHUTDOWN),
    Route("GET", f"{_AGENT}/backups", backups.list_backups, contracts.backups.LIST),
    Route("POST", f"{_AGENT}/backups", backups.take_backup, contracts.backups.TAKE),
    Route("POST", f"{_AGENT}/restore", backups.restore, contracts.backups.RESTORE),
    Route("GET", "/api/cloud/log-level", log_level.show_level, contracts.probes.SHOW_LEVEL),
    Route("PUT", "/api/cloud/log-level", log_level.change_level, contracts.probes.CHANGE_LEVEL),
    Route("GET", "/api/cloud/credits", balance, contracts.credits.BALANCE),
    Route("GET", f"{_BILLING}/summary", billing.summary, contracts.billing.SUMMARY),
    Route("GET", f"{_BILLING}/payment-methods", billing.payment_methods, contracts.billing.PAYMENT_METHODS),
    Route("GET", f"{_BILLING}/history", billing.history, contracts.billing.HISTORY),
    Route("POST", f"{_BILLING}/checkout", billing.checkout, contracts.billing.CHECKOUT),
    Route("POST", f"{_BILLING}/crypto/quote", billing.crypto_quote, contracts.billing.CRYPTO_QUOTE),
    Route("GET", f"{_BILLING}/settings", billing_passing.settings, contracts.billing.SHOW_SETTINGS),
    Route("PUT", f"{_BILLING}/settings", billing_passing.settings, contracts.billing.CHANGE_SETTINGS),
    Route("GET", f"{_BILLING}/credits/balance", billing_passing.balance, contracts.billing.CLOUD_BALANCE),
    Route("GET", f"{_BILLING}/credits/summary", billing_passing.summary, contracts.billing.CLOUD_SUMMARY),
    Route("GET", f"{_BILLING}/credits/verify", billing_passing.verify, contracts.billing.VERIFY),
    Route("GET", f"{_BILLING}/crypto/status", billing_passing.crypto_status, contracts.billing.CRYPTO_STATUS),
    Route("GET", f"{_BILLING}/crypto/payments", billing_passing.crypto_paid, contracts.billing.CRYPTO_PAID),
    Route("GET", "/api/status", status.app_status, contracts.status.APP_STATUS),
    *(Route(method, COMPAT_PATH, compat, contracts.compat.compat(method)) for method in COMPAT_METHODS),
    Route("POST", "/api/chat", chat.chat, contracts.chat.CHAT_WHOLE),
    Route("POST", "/api/chat/stream", chat.stream, contracts.chat.CHAT_STREAM),
    Route("GET", "/api/cloud/routing", routing.show_routing, contracts.routing.SHOW),
    Route("PUT", "/api/cloud/routing/{capability}", routing.set_route, contracts.routing.SET),
    Route("DELETE", "/api/cloud/routing/{capability}", routing.clear_route, contracts.routing.CLEAR),
    Route("POST", "/api/provider/switch", provider_switch.switch_provider, contracts.routing.SWITCH),
    Route("POST", "/api/tts/cloud", speech.cloud_speech, contracts.capabilities.CLOUD_SPEECH),
    Route("GET", "/v1/models", models.list_models, contracts.capabilities.MODELS),
    Route("POST", "/v1/chat/completions", capabilities.chat_completions, contracts.capabilities.CHAT),
    Route("POST", "/v1/embeddings", capabilities.embeddings, contracts.capabilities.EMBEDDINGS),
    Route("POST", "/v1/audio/speech", speech.speech, contracts.capabilities.SPEECH),
    Route("POST", "/v1/images/generations", media.images, contracts.capabilities.IMAGES),
    Route("POST", "/v1/videos/generations", media.videos, contracts.capabilities.VIDEOS),
    Route("POST", "/rpc/{chain}", rpc.rpc, contracts.capabilities.RPC),
    Route("GET", "/docs", reference.docs, contracts.reference.PAGE, open=True),
    Route("GET", "/docs/{page}", reference.docs_page, contracts.reference.WRITTEN, open=True),
    Route("GET", "/api/openapi.json", reference.openapi, contracts.reference.OPENAPI, open=True),
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
