"""Calls that are passed through to the cloud (cloud-api §20): any method, JSON both ways."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import msgspec
from yarl import URL

from eliza_cloud.cloud.billing import verbatim
from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.request import Exchange, read_answer
from eliza_cloud.cloud.types.billing import Verbatim

#: Seconds: a connection, silence before and within an answer, the whole of it.
_TIMEOUT = aiohttp.ClientTimeout(total=60.0, sock_connect=10.0, sock_read=15.0)


@asynccontextmanager
async def open_compat(
    exchange: Exchange, url: URL, method: str, content: bytes, headers: Mapping[str, str]
) -> AsyncIterator[aiohttp.ClientResponse | Verbatim]:
    """Yield the answer, its body unread, or what the cloud said when it declined; raises `CloudError`.

    `content` is sent as JSON as it is; an empty one is no body. Leaving closes the connection.
    """
    failed: CloudError | None = None
    async with AsyncExitStack() as stack:
        try:
            response = await stack.enter_async_context(
                exchange.open(
                    method,
                    url,
                    msgspec.Raw(content) if content else None,
                    more_headers=headers,
                    timeout=_TIMEOUT,
                )
            )
            declined = await read_answer(response, exchange.redaction) if response.status >= 400 else None
        except NETWORK_ERRORS as error:
            failed = network_error(error, url)
        else:
            yield response if declined is None else verbatim(declined)
    if failed is not None:
        raise failed  # outside the handler: aiohttp's exceptions hold the request's headers
