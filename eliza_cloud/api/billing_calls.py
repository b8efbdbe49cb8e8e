"""How billing asks the cloud: its failures in the contract's words, refusals passed on (local-api §9)."""

import math
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.cloud.billing import Billing
from eliza_cloud.cloud.billing_wire import Verbatim
from eliza_cloud.core.failure import Failure
from eliza_cloud.link.errors import LinkError

_TEXTS = {
    "not_authenticated": "Not connected to Eliza Cloud. Please log in first.",
    "cloud_timeout": "Eliza Cloud {what} request timed out",
}

T = TypeVar("T")


async def ask_billing(request: web.Request, call: Callable[[Billing], Coroutine[Any, Any, T]]) -> T:
    """Make a billing call with the keys there are; raises `LinkError`."""
    manager = request.app[MANAGER]
    service_key = manager.settings.service_key
    try:
        found = await manager.ask_cloud(lambda cloud: call(cloud.billing(service_key)))
    except LinkError as error:
        raise LinkError(in_contract_words(error.failure, "billing")) from error
    if isinstance(found, Verbatim) and found.status == 401:
        manager.doubt_key()
    return found


def in_contract_words(failure: Failure, what: str) -> Failure:
    """Say a failure as front ends know it; a base URL that is refused is no fault of theirs."""
    status = 502 if failure.code == "base_url_refused" else failure.status
    message = _TEXTS.get(failure.code, failure.message)
    return msgspec.structs.replace(failure, status=status, message=message.format(what=what))


def pass_on(said: Verbatim) -> web.Response:
    """Answer what the cloud said, with its status and how long it asks to wait."""
    waits = said.retry_after
    headers = {} if waits is None else {"Retry-After": str(max(1, math.ceil(waits)))}
    return answer(said.document, said.status, headers)
