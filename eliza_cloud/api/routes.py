"""The one route table. A route needs the token unless it is marked open here.

Its contract is an `Operation` beside its handler: what the route takes and answers, and which problems to
expect. To add a route, write types, operation and handler in one file of `api/resources` and name both in the
table; the document at /api/openapi.json and the page at /docs follow.
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from eliza_cloud.api.openai import completions, media, models, rpc, speech
from eliza_cloud.api.openapi.operation import Operation
from eliza_cloud.api.resources import (
    agent_starts,
    agent_upgrade,
    agents,
    backups,
    billing,
    chat,
    credits,  # noqa: A004
    events,
    installation,
    journal,
    login,
    metrics,
    passthrough,
    probes,
    reference,
    routing,
    status,
    top_up,
)
from eliza_cloud.api.resources.compat import COMPAT_METHODS, COMPAT_PATH, compat, compat_operation


class Endpoint(msgspec.Struct, frozen=True):
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
    Endpoint("GET", "/healthz", probes.healthz, probes.HEALTHZ, probe=True),
    Endpoint("GET", "/readyz", probes.readyz, probes.READYZ, probe=True),
    Endpoint("GET", "/metrics", metrics.scrape, metrics.SCRAPE),
    Endpoint("GET", "/api/cloud/status", status.status, status.STATUS, open=True),
    Endpoint("GET", "/api/cloud/hosts", status.hosts, status.HOSTS),
    Endpoint("GET", "/api/cloud/installation", installation.installation, installation.INSTALLATION),
    Endpoint("GET", "/api/cloud/events", events.events, events.STREAM),
    Endpoint("GET", "/api/cloud/journal", journal.entries, journal.ENTRIES),
    Endpoint("GET", "/api/cloud/health", journal.health, journal.HEALTH),
    Endpoint("GET", "/api/cloud/explain", journal.explain, journal.EXPLAIN),
    Endpoint("POST", "/api/cloud/login", login.start_login, login.START),
    Endpoint("GET", "/api/cloud/login/status", login.login_status, login.STATUS, open=True),
    Endpoint("POST", "/api/cloud/login/cancel", login.cancel_login, login.CANCEL),
    Endpoint("POST", "/api/cloud/disconnect", login.disconnect, login.DISCONNECT),
    Endpoint("GET", "/api/cloud/agents", agents.list_agents, agents.LIST),
    Endpoint("POST", "/api/cloud/agents", agents.create_agent, agents.CREATE),
    Endpoint("PATCH", _AGENT, agents.rename_agent, agents.RENAME),
    Endpoint("GET", f"{_AGENT}/logs", agents.agent_logs, agents.LOGS),
    Endpoint("POST", f"{_AGENT}/provision", agent_starts.connect, agent_starts.PROVISION),
    Endpoint("POST", f"{_AGENT}/connect", agent_starts.connect, agent_starts.CONNECT),
    Endpoint("POST", f"{_AGENT}/suspend", agent_starts.suspend_agent, agent_starts.SUSPEND),
    Endpoint("POST", f"{_AGENT}/resume", agent_starts.resume_agent, agent_starts.RESUME),
    Endpoint("POST", f"{_AGENT}/restart", agent_starts.restart_agent, agent_starts.RESTART),
    Endpoint("GET", f"{_AGENT}/upgrade", agent_upgrade.upgrade_quote, agent_upgrade.QUOTE),
    Endpoint("POST", f"{_AGENT}/upgrade", agent_upgrade.upgrade_agent, agent_upgrade.UPGRADE),
    Endpoint("POST", f"{_AGENT}/shutdown", agents.shutdown_agent, agents.SHUTDOWN),
    Endpoint("GET", f"{_AGENT}/backups", backups.list_backups, backups.LIST),
    Endpoint("POST", f"{_AGENT}/backups", backups.take_backup, backups.TAKE),
    Endpoint("POST", f"{_AGENT}/restore", backups.restore, backups.RESTORE),
    Endpoint("GET", "/api/cloud/log-level", probes.show_level, probes.SHOW_LEVEL),
    Endpoint("PUT", "/api/cloud/log-level", probes.change_level, probes.CHANGE_LEVEL),
    Endpoint("GET", "/api/cloud/credits", credits.balance, credits.BALANCE),
    Endpoint("GET", f"{_BILLING}/summary", billing.summary, billing.SUMMARY),
    Endpoint("GET", f"{_BILLING}/payment-methods", billing.payment_methods, billing.PAYMENT_METHODS),
    Endpoint("GET", f"{_BILLING}/history", billing.history, billing.HISTORY),
    Endpoint("POST", f"{_BILLING}/checkout", top_up.checkout, top_up.CHECKOUT),
    Endpoint("POST", f"{_BILLING}/crypto/quote", top_up.crypto_quote, top_up.CRYPTO_QUOTE),
    Endpoint("GET", f"{_BILLING}/settings", passthrough.show_settings, passthrough.SHOW_SETTINGS),
    Endpoint(
        "PUT",
        f"{_BILLING}/settings",
        passthrough.change_settings,
        passthrough.CHANGE_SETTINGS,
    ),
    Endpoint(
        "GET",
        f"{_BILLING}/credits/balance",
        passthrough.cloud_balance,
        passthrough.CLOUD_BALANCE,
    ),
    Endpoint(
        "GET",
        f"{_BILLING}/credits/summary",
        passthrough.cloud_summary,
        passthrough.CLOUD_SUMMARY,
    ),
    Endpoint("GET", f"{_BILLING}/credits/verify", passthrough.verify_checkout, passthrough.VERIFY),
    Endpoint(
        "GET",
        f"{_BILLING}/crypto/status",
        passthrough.crypto_status,
        passthrough.CRYPTO_STATUS,
    ),
    Endpoint(
        "GET",
        f"{_BILLING}/crypto/payments",
        passthrough.crypto_payments,
        passthrough.CRYPTO_PAYMENTS,
    ),
    Endpoint("GET", "/api/status", status.app_status, status.APP_STATUS),
    *(Endpoint(method, COMPAT_PATH, compat, compat_operation(method)) for method in COMPAT_METHODS),
    Endpoint("POST", "/api/chat", chat.chat, chat.CHAT_WHOLE),
    Endpoint("POST", "/api/chat/stream", chat.stream, chat.CHAT_STREAM),
    Endpoint("GET", "/api/cloud/routing", routing.show_routing, routing.SHOW),
    Endpoint("PUT", "/api/cloud/routing/{capability}", routing.set_route, routing.SET),
    Endpoint("DELETE", "/api/cloud/routing/{capability}", routing.clear_route, routing.CLEAR),
    Endpoint("POST", "/api/provider/switch", routing.switch_provider, routing.SWITCH),
    Endpoint("POST", "/api/tts/cloud", speech.cloud_speech, speech.CLOUD_SPEECH),
    Endpoint("GET", "/v1/models", models.list_models, models.MODELS),
    Endpoint("POST", "/v1/chat/completions", completions.chat_completions, completions.CHAT),
    Endpoint("POST", "/v1/embeddings", completions.embeddings, completions.EMBEDDINGS),
    Endpoint("POST", "/v1/audio/speech", speech.speech, speech.SPEECH),
    Endpoint("POST", "/v1/images/generations", media.images, media.IMAGES),
    Endpoint("POST", "/v1/videos/generations", media.videos, media.VIDEOS),
    Endpoint("POST", "/rpc/{chain}", rpc.rpc, rpc.RPC),
    Endpoint("GET", "/", reference.root, reference.ROOT, open=True),
    Endpoint("GET", "/docs", reference.docs, reference.PAGE, open=True),
    Endpoint("GET", "/docs/{page}", reference.docs_page, reference.WRITTEN, open=True),
    Endpoint("GET", "/api/openapi.json", reference.openapi, reference.OPENAPI, open=True),
)


def add_routes(app: web.Application) -> None:
    """Enter the table into the application's router."""
    for route in ROUTES:
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            app.router.add_route(method, route.path, route.handler, expect_handler=_expect)


#: Method and path of what needs no token on loopback, and of what needs none wherever the service listens.
OPEN = frozenset((one.method, one.path) for one in ROUTES if one.open or one.probe)
PROBES = frozenset((one.method, one.path) for one in ROUTES if one.probe)


async def _expect(request: web.Request) -> None:
    """Send `100 Continue` where it is expected; other expectations are ignored (RFC 9110 §10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
