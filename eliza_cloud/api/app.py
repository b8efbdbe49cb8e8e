"""The aiohttp application: the table of routes behind the guard, and the headers every answer has."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiohttp import web

from eliza_cloud.api.app_keys import (
    BILLING,
    DISCONNECTS,
    ENVIRON,
    EVENTS,
    GATEWAY,
    JOURNAL,
    MANAGER,
    METRICS,
    REDACTION,
    REFERENCE,
)
from eliza_cloud.api.billing_cache import BillingMemory
from eliza_cloud.api.http.disconnect import Disconnects
from eliza_cloud.api.http.event_hub import EventHub
from eliza_cloud.api.http.inputs import MAX_BODY
from eliza_cloud.api.middleware import access as cors
from eliza_cloud.api.middleware.access import Guard, HostRule, OriginRule
from eliza_cloud.api.middleware.request import counting, errors, identified, request_id_of
from eliza_cloud.api.openapi.document import reference
from eliza_cloud.api.routes import OPEN, PROBES, add_routes
from eliza_cloud.cloud.http.trace_context import REQUEST_ID
from eliza_cloud.ops.logging.access_log import AccessLog
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.store.config.listen_address import Binding

#: How the server is run: small heads, short lingering, bodies as they are sent (a small compressed one could
#: become a huge one, before the guard has looked), handlers that finish what they began.
SERVER_SETTINGS: dict[str, Any] = {
    "access_log_class": AccessLog,
    "auto_decompress": False,
    "handler_cancellation": False,
    "keepalive_timeout": 75.0,
    "lingering_time": 2.0,
    "max_line_size": 8190,
    "max_field_size": 8190,
    "max_headers": 64,
}


def create_app(
    manager: CloudManager,
    *,
    gateway: Gateway,
    journal: Journal,
    metrics: Metrics,
    token: Secret,
    bound: Binding,
    allowed_hosts: Collection[str] = (),
    allowed_origins: Collection[str] = (),
    environ: Mapping[str, str] | None = None,
    redaction: LogRedactor | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> web.Application:
    """Build the application for one manager and one gateway, which the caller starts and stops.

    `bound` decides what is open and which hosts are ours; the other two add hosts and origins. `environ`
    is that of the service, of which what is no secret is shown. What
    `redaction` finds a secret in, or the token, is taken for no request's id.
    """
    guard = Guard(
        token=token,
        hosts=HostRule(bound.host, allowed_hosts, any_name=bound.is_wildcard),
        origins=OriginRule(allowed_origins),
        open_routes=OPEN if bound.is_loopback else PROBES,
        monotonic=monotonic,
    )
    app = web.Application(
        middlewares=[identified, errors, guard.middleware()],
        client_max_size=MAX_BODY,
    )
    app[MANAGER] = manager
    app[ENVIRON] = {} if environ is None else environ
    app[GATEWAY] = gateway
    app[JOURNAL] = journal
    app[METRICS] = metrics
    metrics.watch(manager, journal)
    app[DISCONNECTS] = Disconnects()
    app[REDACTION] = redaction or LogRedactor()
    app[REDACTION].register(token)
    hub = app[EVENTS] = EventHub(journal, manager, clean=app[REDACTION].text)
    metrics.watch_stream(lambda: hub.readers, lambda: hub.lost)
    app[BILLING] = BillingMemory(monotonic)
    app[REFERENCE] = reference(all_closed=not bound.is_loopback)
    add_routes(app)
    app.on_response_prepare.extend([_finish, counting(metrics.requests)])
    app.on_shutdown.append(_end_conversations)
    return app


async def _finish(request: web.Request, response: web.StreamResponse) -> None:
    cors.mark(request, response)
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers[REQUEST_ID] = request_id_of(request)
    headers.pop("Server", None)


async def _end_conversations(app: web.Application) -> None:
    app[DISCONNECTS].stop()
