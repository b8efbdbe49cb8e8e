"""The account's balance (seed: Credits Endpoint; contract local-api §6)."""

from typing import Any

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import BILLING, MANAGER
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
        {
            "connected": True,
            "balance": amount,
            "low": amount < LOW_BELOW,
            "critical": amount < CRITICAL_BELOW,
            "topUpUrl": TOP_UP_URL,
            "outlook": _outlook(amount, manager.facts.spending),
        }
    )


def _outlook(amount: float, spending: Spending | None) -> dict[str, Any]:
    """Tell what the balance allows and how long it lasts; null where too little has been seen to tell."""
    rate = None if spending is None else spending.rate
    left = hours_left(amount, rate)
    return {
        "canProvision": may_provision(amount),
        "minimumDeposit": MINIMUM_DEPOSIT,
        "hoursLeft": None if left is None else round(left, 1),
        "spendingPerHour": None if rate is None else round(rate, 6),
    }


def _without_balance(failure: Failure) -> dict[str, Any]:
    if failure.code == NOT_SIGNED_IN.code:
        return {"balance": None, "connected": False}
    body = {"balance": None, "connected": True, "error": _TEXTS.get(failure.code, failure.message)}
    if failure.status == 401:
        body |= {"authRejected": True, "topUpUrl": TOP_UP_URL}
    return body
