"""The account's balance (local-api §6)."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import BILLING, MANAGER
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.core.credits import (
    CRITICAL_BELOW,
    LOW_BELOW,
    MINIMUM_DEPOSIT,
    Spending,
    hours_left,
    may_provision,
)
from eliza_cloud.core.problems import NOT_AUTHENTICATED, Problem
from eliza_cloud.core.views.status import TOP_UP_URL
from eliza_cloud.runtime.errors import LinkError

Dollars = Annotated[float, Meta(description="US dollars.")]


class Outlook(msgspec.Struct, frozen=True, rename="camel"):
    """What the balance allows and how long it lasts; null where too little is known."""

    can_provision: Annotated[bool, Meta(description="Whether the cloud creates and starts agents for it.")]
    minimum_deposit: Dollars
    hours_left: float | None
    spending_per_hour: Dollars | None


class Credits(msgspec.Struct, frozen=True, rename="camel"):
    """The balance; null when nobody is signed in, or when it could not be read (`error`)."""

    connected: Annotated[bool, Meta(description="Whether there is an account to ask for.")]
    balance: Dollars | None
    low: Annotated[bool, Meta(description="Below $2.00.")] | UnsetType = UNSET
    critical: Annotated[bool, Meta(description="Below $0.50.")] | UnsetType = UNSET
    top_up_url: str | UnsetType = UNSET
    outlook: Outlook | UnsetType = UNSET
    error: str | UnsetType = UNSET
    auth_rejected: bool | UnsetType = UNSET


BALANCE = Operation(
    id="getCredits",
    group="Credits and billing",
    summary="The account's balance",
    about="Always 200; what went wrong is in `error`.",
    answers=(
        SuccessResponse(
            200,
            "The balance, or why there is none.",
            Credits,
            Credits(True, 15.5, False, False, TOP_UP_URL, Outlook(True, 5.0, 73.8, 0.21)),
        ),
    ),
)


_TEXTS = {
    "invalid_response": "unexpected response",
    "redirected": "Cloud credits request was redirected; redirects are not allowed",
}


async def balance(request: web.Request) -> web.Response:
    """GET /api/cloud/credits: always 200; what went wrong is in `error`.

    While a top-up may be on its way the balance is asked for past the cloud's cache.
    """
    manager, fresh = request.app[MANAGER], request.app[BILLING].expects_top_up
    try:
        amount = await manager.ask_cloud(lambda cloud: cloud.get_balance(fresh=fresh))
    except LinkError as error:
        return answer(_without_balance(error.problem))
    return answer(
        Credits(
            connected=True,
            balance=amount,
            low=amount < LOW_BELOW,
            critical=amount < CRITICAL_BELOW,
            top_up_url=TOP_UP_URL,
            outlook=_outlook(amount, manager.facts.spending),
        )
    )


def _outlook(amount: float, spending: Spending | None) -> Outlook:
    """Return what the balance allows and how long it lasts; null where too little is known."""
    rate = None if spending is None else spending.rate
    left = hours_left(amount, rate)
    return Outlook(
        can_provision=may_provision(amount),
        minimum_deposit=MINIMUM_DEPOSIT,
        hours_left=None if left is None else round(left, 1),
        spending_per_hour=None if rate is None else round(rate, 6),
    )


def _without_balance(problem: Problem) -> Credits:
    if problem.code == NOT_AUTHENTICATED.code:
        return Credits(connected=False, balance=None)
    unread = Credits(connected=True, balance=None, error=_TEXTS.get(problem.code, problem.message))
    if problem.status == 401:
        return msgspec.structs.replace(unread, auth_rejected=True, top_up_url=TOP_UP_URL)
    return unread
