"""The billing calls that are passed on as they are: those at the end, and no others."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from aiohttp import web

from eliza_cloud.api.billing_calls import ask_billing, pass_on
from eliza_cloud.api.body import read_object


def _passed_on(path: str, *parameters: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler that passes a request on to `path` of the cloud, with these query parameters only."""

    async def handler(request: web.Request) -> web.Response:
        body = await read_object(request) if request.method == "PUT" else None
        query = urlencode([(name, request.query[name]) for name in parameters if name in request.query])
        target = f"{path}?{query}" if query else path
        method = "GET" if request.method == "HEAD" else request.method
        return pass_on(await ask_billing(request, lambda billing: billing.pass_on(method, target, body)))

    return handler


settings = _passed_on("/api/v1/billing/settings")
balance = _passed_on("/api/v1/credits/balance", "fresh")
summary = _passed_on("/api/v1/credits/summary")
verify = _passed_on("/api/v1/credits/verify", "session_id")
crypto_status = _passed_on("/api/crypto/status")
crypto_paid = _passed_on("/api/crypto/payments")
