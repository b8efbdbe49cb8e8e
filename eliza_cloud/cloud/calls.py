"""Calling one cloud with one key: where it is, how long a call may take, what is a success."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp

from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import KeyRefused
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.base_url import BaseUrl
from eliza_cloud.cloud.http.error_mapping import success
from eliza_cloud.cloud.http.path_prefix import AgentPaths
from eliza_cloud.cloud.http.request import CloudResponse, Exchange
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.cloud.http.timeouts import Timeouts, deadline
from eliza_cloud.cloud.types.decode import read_job_ref
from eliza_cloud.cloud.types.pricing import accepting
from eliza_cloud.core.problems import KEY_MISSING
from eliza_cloud.redaction.secret import Secret


class CloudCalls:
    """What every group of calls stands on.

    Used as a context manager it has a session of its own, open within the block. A `session` that is given is
    borrowed (see `http.session.open_session`). Many clients of one base URL may share it, and the `address`,
    which stands for the base URL then: a move holds for all of them. `sleep` waits, in seconds, before a
    request is repeated that a 503 refused in passing.
    """

    def __init__(
        self,
        config: CloudConfig,
        *,
        session: aiohttp.ClientSession | None = None,
        address: CloudAddress | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._address = CloudAddress(config.parsed_base_url()) if address is None else address
        self._key = config.key
        self._timeouts = timeouts
        self._own_session: aiohttp.ClientSession | None = None
        self._exchange = Exchange(session, self._key, self._address, sleep=sleep)
        self._agents = AgentPaths(self._exchange, self._address)

    async def __aenter__(self) -> Self:
        if self._exchange.session is None:
            self._own_session = self._exchange.session = open_session(self._address.base_url)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._own_session is not None:
            await self._own_session.close()
            self._own_session = self._exchange.session = None

    @property
    def base_url(self) -> BaseUrl:
        """The API's base URL, as it is now."""
        return self._address.base_url

    @property
    def pages_url(self) -> BaseUrl:
        """The base URL of the cloud's pages, as it is now."""
        return self._address.pages_url

    def redact(self, said: str) -> str:
        """Return a text of the cloud's fit to show: one line, without the key."""
        return self._exchange.redaction.sentence(said)

    def _exchange_with(self, key: Secret | None, *, is_single_header: bool = False) -> Exchange:
        return Exchange(
            self._exchange.session, key, self._address, sleep=self._sleep, is_single_header=is_single_header
        )

    async def _get(self, path: str) -> dict[str, Any]:
        """GET something outside the agent paths."""
        self._require_key()
        async with deadline(self._timeouts.rest):
            return self._success(await self._exchange.call("GET", self.base_url.api(path)))

    async def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout: float | None = None,
        accept_price: str | None = None,
        is_repeatable: bool = True,
    ) -> CloudResponse:
        """Call something under the agent prefix."""
        self._require_key()
        headers = {} if accept_price is None else accepting(accept_price)
        async with deadline(self._timeouts.rest if timeout is None else timeout):
            return await self._agents.call(
                method, path, body, more_headers=headers, is_repeatable=is_repeatable
            )

    def _success(self, answer: CloudResponse) -> dict[str, Any]:
        return success(answer, self._exchange.redaction)

    def _accepted(self, answer: CloudResponse) -> dict[str, Any]:
        """Like `_success`, but a 409 that names the work already under way is one too (cloud-api §10)."""
        document = answer.document
        if answer.status == 409 and document is not None and document.get("success") is not False:
            under_way = document.get("alreadyInProgress") is True or read_job_ref(document) is not None
            if under_way:
                return document
        return self._success(answer)

    def _require_key(self) -> None:
        if self._key is None:
            raise KeyRefused(KEY_MISSING.occurred())
