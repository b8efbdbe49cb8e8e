"""The one route table. A route needs the token unless it is marked open here."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from eliza_cloud.api import (
    agents,
    backups,
    billing,
    capabilities,
    chat,
    login,
    media,
    models,
    provider_switch,
    routing,
    rpc,
    speech,
    status,
)
from eliza_cloud.api.billing_passing import passed_on
from eliza_cloud.api.compat import COMPAT_METHODS, COMPAT_PATH, compat
from eliza_cloud.api.credits import balance


class Route(msgspec.Struct, frozen=True):
    """One endpoint; an open one needs no token while every bound address is loopback. HEAD follows GET."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    open: bool = False


_AGENT = "/api/cloud/agents/{agent_id}"
_BILLING = "/api/cloud/billing"

ROUTES = (
    Route("GET", "/api/cloud/status", status.status, open=True),
    Route("POST", "/api/cloud/login", login.start_login),
    Route("GET", "/api/cloud/login/status", login.login_status, open=True),
    Route("POST", "/api/cloud/login/cancel", login.cancel_login),
    Route("POST", "/api/cloud/disconnect", login.disconnect),
    Route("GET", "/api/cloud/agents", agents.list_agents),
    Route("POST", "/api/cloud/agents", agents.create_agent),
    Route("POST", f"{_AGENT}/provision", agents.connect),
    Route("POST", f"{_AGENT}/connect", agents.connect),
    Route("POST", f"{_AGENT}/suspend", agents.suspend_agent),
    Route("POST", f"{_AGENT}/resume", agents.resume_agent),
    Route("POST", f"{_AGENT}/shutdown", agents.shutdown_agent),
    Route("GET", f"{_AGENT}/backups", backups.list_backups),
    Route("POST", f"{_AGENT}/backups", backups.take_backup),
    Route("POST", f"{_AGENT}/restore", backups.restore),
    Route("GET", "/api/cloud/credits", balance),
    Route("GET", f"{_BILLING}/summary", billing.summary),
    Route("GET", f"{_BILLING}/payment-methods", billing.payment_methods),
    Route("GET", f"{_BILLING}/history", billing.history),
    Route("POST", f"{_BILLING}/checkout", billing.checkout),
    Route("POST", f"{_BILLING}/crypto/quote", billing.crypto_quote),
    Route("GET", f"{_BILLING}/settings", passed_on("/api/v1/billing/settings")),
    Route("PUT", f"{_BILLING}/settings", passed_on("/api/v1/billing/settings")),
    Route("GET", f"{_BILLING}/credits/balance", passed_on("/api/v1/credits/balance", "fresh")),
    Route("GET", f"{_BILLING}/credits/summary", passed_on("/api/v1/credits/summary")),
    Route("GET", f"{_BILLING}/credits/verify", passed_on("/api/v1/credits/verify", "session_id")),
    Route("GET", f"{_BILLING}/crypto/status", passed_on("/api/crypto/status")),
    Route("GET", f"{_BILLING}/crypto/payments", passed_on("/api/crypto/payments")),
    Route("GET", "/api/status", status.app_status),
    *(Route(method, COMPAT_PATH, compat) for method in COMPAT_METHODS),
    Route("POST", "/api/chat", chat.chat),
    Route("POST", "/api/chat/stream", chat.stream),
    Route("GET", "/api/cloud/routing", routing.show_routing),
    Route("PUT", "/api/cloud/routing/{capability}", routing.set_route),
    Route("DELETE", "/api/cloud/routing/{capability}", routing.clear_route),
    Route("POST", "/api/provider/switch", provider_switch.switch_provider),
    Route("POST", "/api/tts/cloud", speech.cloud_speech),
    Route("GET", "/v1/models", models.list_models),
    Route("POST", "/v1/chat/completions", capabilities.chat_completions),
    Route("POST", "/v1/embeddings", capabilities.embeddings),
    Route("POST", "/v1/audio/speech", speech.speech),
    Route("POST", "/v1/images/generations", media.images),
    Route("POST", "/v1/videos/generations", media.videos),
    Route("POST", "/rpc/{chain}", rpc.rpc),
)


def add_routes(app: web.Application) -> None:
    """Enter the table into the application's router."""
    for route in ROUTES:
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            app.router.add_route(method, route.path, route.handler, expect_handler=_expect)


def is_open(request: web.Request) -> bool:
    """Tell whether the request's route is marked open; what matches no route never is."""
    resource = request.match_info.route.resource
    if resource is None:
        return False
    method = "GET" if request.method == "HEAD" else request.method
    return any(one.open and one.method == method and one.path == resource.canonical for one in ROUTES)


async def _expect(request: web.Request) -> None:
    """Send `100 Continue` where it is expected; other expectations are ignored (RFC 9110 §10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
