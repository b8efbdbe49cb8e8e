"""One call to the cloud without a key: whether it gets through, and what can be learnt from the answer."""

import asyncio

import msgspec

from eliza_cloud.cloud.errors import CertificateDates, CloudError
from eliza_cloud.cloud.http.address import BaseUrl, CloudAddress
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.request import CloudResponse, Exchange, deadline, read_answer
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.ops.doctor.clock import skew

PROBE_TIMEOUT = 10.0  # seconds


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or the error that prevented it.

    `ahead` is by how many seconds this clock is ahead of the cloud's, where it is known.
    """

    answer: CloudResponse | None = None
    error: CloudError | None = None
    ahead: float | None = None


async def probe(address: CloudAddress) -> ProbeResult:
    """Ask whose key it is, without one: Eliza Cloud refuses that in JSON, also where it has moved to."""
    base_url = address.base_url
    url = base_url.api("user")
    failure: CloudError
    async with open_session(base_url) as session:
        exchange = Exchange(session, None, address)
        try:
            async with deadline(PROBE_TIMEOUT), exchange.open("GET", url) as response:
                ahead = skew(response.headers)
                answer = await read_answer(response, exchange.redaction)
            return ProbeResult(answer=answer, ahead=ahead)
        except CloudError as error:
            failure = error
        except NETWORK_ERRORS as error:
            failure = network_error(error, url)
    ahead = await _unproven_skew(base_url) if isinstance(failure, CertificateDates) else None
    return ProbeResult(error=failure, ahead=ahead)


async def _unproven_skew(base_url: BaseUrl) -> float | None:
    """Ask for the time where the certificate's dates stand in the way of proof; nothing secret is sent.

    The answer decides which advice is given, and nothing else.
    """
    try:
        async with (
            asyncio.timeout(PROBE_TIMEOUT),
            open_session(base_url) as session,
            session.head(base_url.at("/"), ssl=False, allow_redirects=False) as response,
        ):
            return skew(response.headers)
    except NETWORK_ERRORS:
        return None
