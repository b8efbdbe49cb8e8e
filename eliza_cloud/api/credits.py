"""The account's balance (seed: Credits Endpoint; contract local-api §6)."""

from typing import Any

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.core.failure import NOT_SIGNED_IN, Failure
from eliza_cloud.core.view import TOP_UP_URL
from eliza_cloud.link.errors import LinkError

LOW_BELOW = 2.0
CRITICAL_BELOW = 0.5
_TEXTS = {
    "bad_answer": "unexpected response",
    "redirected": "Cloud credits request was redirected; redirects are not allowed",
}


async def balance(request: web.Request) -> web.Response:
    """GET /api/cloud/credits: always 200; what went wrong is in `error`."""
    try:
        amount = await request.app[MANAGER].ask_cloud(lambda cloud: cloud.get_balance())
    except LinkError as error:
        return answer(_without_balance(error.failure))
    return answer(
        {
            "connected": True,
            "balance": amount,
            "low": amount < LOW_BELOW,
            "critical": amount < CRITICAL_BELOW,
            "topUpUrl": TOP_UP_URL,
        }
    )


def _without_balance(failure: Failure) -> dict[str, Any]:
    if failure.code == NOT_SIGNED_IN.code:
        return {"balance": None, "connected": False}
    body = {"balance": None, "connected": True, "error": _TEXTS.get(failure.code, failure.message)}
    if failure.status == 401:
        body |= {"authRejected": True, "topUpUrl": TOP_UP_URL}
    return body
