"""Billing calls (local-api §9): how they are made and answered, and those that are passed on as they are."""

import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import Body, Parameter
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import CLOUD
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.cloud.billing import Billing
from eliza_cloud.cloud.types.billing import Verbatim
from eliza_cloud.core.problems import Problem
from eliza_cloud.runtime.errors import LinkError

_TEXTS = {
    "not_authenticated": "Not connected to Eliza Cloud. Please log in first.",
    "cloud_timeout": "Eliza Cloud {what} request timed out",
}

T = TypeVar("T")


def billing_operation(
    name: str, summary: str, success: SuccessResponse, *errors: Problem, **more: Any
) -> Operation:
    """Return the contract of a billing call: beside our own answers the cloud's refusals come through."""
    return Operation(
        id=name,
        group="Credits and billing",
        summary=summary,
        answers=(success,),
        errors=(*errors, *CLOUD),
        others="The cloud's own refusal, as it came; `error` is a sentence.",
        verbatim=True,
        **more,
    )


async def ask_billing(request: web.Request, call: Callable[[Billing], Coroutine[Any, Any, T]]) -> T:
    """Make a billing call with the keys there are; raises `LinkError`."""
    manager = request.app[MANAGER]
    service_key = manager.settings.service_key
    try:
        found = await manager.ask_cloud(lambda cloud: call(cloud.billing(service_key)))
    except LinkError as error:
        raise LinkError(in_contract_words(error.problem, "billing")) from error
    if isinstance(found, Verbatim) and found.status == 401:
        manager.reverify_key()
    return found


def in_contract_words(problem: Problem, what: str) -> Problem:
    """Put a problem into the words that front ends know; a refused base URL is not an error of theirs."""
    status = 502 if problem.code == "base_url_refused" else problem.status
    message = _TEXTS.get(problem.code, problem.message)
    return msgspec.structs.replace(problem, status=status, message=message.format(what=what))


def pass_on(answered: Verbatim) -> web.Response:
    """Pass the cloud's answer on, with its status and `Retry-After`."""
    waits = answered.retry_after
    headers = {} if waits is None else {"Retry-After": str(max(1, math.ceil(waits)))}
    return answer(answered.document, answered.status, headers)


FRESH: Parameter[str | None] = Parameter(
    "fresh", "`true` asks past the cloud's cache.", default=None, example="true"
)
SESSION_ID = Parameter[str](
    "session_id", "Of the checkout.", Annotated[str, Meta(min_length=1, pattern=r"\S")], example="cs_1"
)
SETTINGS: Body[dict[str, Any]] = Body({"autoTopUp": {"enabled": False}}, model=dict[str, Any])


def _passed_on(
    name: str, summary: str, *parameters: Parameter[Any], body: Body[dict[str, Any]] | None = None
) -> Operation:
    """Return the contract of a call that is passed on: what travels is in the cloud's own form."""
    return billing_operation(
        name,
        summary,
        SuccessResponse(200, "The cloud's own answer.", dict[str, Any], {"success": True}),
        about="Passed on to Eliza Cloud as it is.",
        parameters=parameters,
        body=body,
    )


SHOW_SETTINGS = _passed_on("getBillingSettings", "Billing settings")
CHANGE_SETTINGS = _passed_on("updateBillingSettings", "Change billing settings", body=SETTINGS)
CLOUD_BALANCE = _passed_on("getCloudBalance", "The cloud's own answer about the balance", FRESH)
CLOUD_SUMMARY = _passed_on("getCloudSummary", "The cloud's own summary")
VERIFY = _passed_on("verifyCheckout", "Whether a checkout was paid", SESSION_ID)
CRYPTO_STATUS = _passed_on("getCryptoStatus", "Whether crypto payments are taken")
CRYPTO_PAYMENTS = _passed_on("listCryptoPayments", "Crypto payments so far")


def _handler(path: str, operation: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler that passes a request on to `path` of the cloud, with what `operation` takes."""

    async def handler(request: web.Request) -> web.Response:
        body = None if operation.body is None else await operation.body.read(request)
        given = {one.name: one.read(request) for one in operation.parameters}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        target = f"{path}?{query}" if query else path
        method = "GET" if request.method == "HEAD" else request.method
        return pass_on(await ask_billing(request, lambda billing: billing.pass_on(method, target, body)))

    return handler


show_settings = _handler("/api/v1/billing/settings", SHOW_SETTINGS)
change_settings = _handler("/api/v1/billing/settings", CHANGE_SETTINGS)
cloud_balance = _handler("/api/v1/credits/balance", CLOUD_BALANCE)
cloud_summary = _handler("/api/v1/credits/summary", CLOUD_SUMMARY)
verify_checkout = _handler("/api/v1/credits/verify", VERIFY)
crypto_status = _handler("/api/crypto/status", CRYPTO_STATUS)
crypto_payments = _handler("/api/crypto/payments", CRYPTO_PAYMENTS)
