"""One call to the cloud without a key: whether it gets through, and what can be learnt from the answer."""

import asyncio

import msgspec

from eliza_cloud.cloud.errors import CertificateDates, CloudError
from eliza_cloud.cloud.http.address import BaseUrl
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.request import CloudResponse, Exchange, deadline, read_answer
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.ops.doctor.clock import skew

KNOCK_WITHIN = 10.0  # seconds


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: an answer, or the fault that kept it away.

    `ahead` is by how many seconds this clock is ahead of the cloud's, as far as it told.
    """

    answer: CloudResponse | None = None
    fault: CloudError | None = None
    ahead: float | None = None


async def knock(base_url: BaseUrl) -> Knock:
    """Ask whose key it is, without one: Eliza Cloud refuses that in JSON."""
    url = base_url.api("user")
    fault: CloudError
    async with open_session(base_url) as session:
        exchange = Exchange(session, None)
        try:
            async with deadline(KNOCK_WITHIN), exchange.open("GET", url) as response:
                ahead = skew(response.headers)
                answer = await read_answer(response, exchange.redaction)
            return Knock(answer=answer, ahead=ahead)
        except CloudError as error:
            fault = error
        except NETWORK_ERRORS as error:
            fault = network_error(error, url)
    ahead = await _unproven_skew(base_url) if isinstance(fault, CertificateDates) else None
    return Knock(fault=fault, ahead=ahead)


async def _unproven_skew(base_url: BaseUrl) -> float | None:
    """Ask for the time where the certificate's dates stand in the way of proof; nothing secret is sent.

    The answer decides which advice is given, and nothing else.
    """
    try:
        async with (
            asyncio.timeout(KNOCK_WITHIN),
            open_session(base_url) as session,
            session.head(base_url.at("/"), ssl=False, allow_redirects=False) as response,
        ):
            return skew(response.headers)
    except NETWORK_ERRORS:
        return None
