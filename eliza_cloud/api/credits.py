"""The account's balance (seed: Credits Endpoint; contract local-api §6)."""

import msgspec
from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import BILLING, MANAGER
from eliza_cloud.api.wire.credits import Credits, Outlook
from eliza_cloud.core.credits import (
    CRITICAL_BELOW,
    LOW_BELOW,
    MINIMUM_DEPOSIT,
    Spending,
    hours_left,
    may_provision,
)
from eliza_cloud.core.failure import NOT_SIGNED_IN, Failure
from eliza_cloud.core.view import TOP_UP_URL
from eliza_cloud.link.errors import LinkError

_TEXTS = {
    "bad_answer": "unexpected response",
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
        return answer(_without_balance(error.failure))
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
    """Tell what the balance allows and how long it lasts; null where too little has been seen to tell."""
    rate = None if spending is None else spending.rate
    left = hours_left(amount, rate)
    return Outlook(
        can_provision=may_provision(amount),
        minimum_deposit=MINIMUM_DEPOSIT,
        hours_left=None if left is None else round(left, 1),
        spending_per_hour=None if rate is None else round(rate, 6),
    )


def _without_balance(failure: Failure) -> Credits:
    if failure.code == NOT_SIGNED_IN.code:
        return Credits(connected=False, balance=None)
    told = Credits(connected=True, balance=None, error=_TEXTS.get(failure.code, failure.message))
    if failure.status == 401:
        return msgspec.structs.replace(told, auth_rejected=True, top_up_url=TOP_UP_URL)
    return told
