"""Which agent paths this server has: `eliza`, `milady` or `milaidy` (cloud-api §3).

A server says that it has no such path with a 404, or on some deployments a 500, that is not JSON, and the
newest with a 404 whose JSON says "Not found". So the prefix is found with a plain GET of the list, never with
the call itself. Other JSON of any status settles it for the call at hand; it is kept only once it has given
the list: a proxy before the cloud speaks JSON, too.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from yarl import URL

from eliza_cloud.cloud.errors import CloudServerError, InvalidResponse
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.error_mapping import success
from eliza_cloud.cloud.http.request import CloudResponse, Exchange
from eliza_cloud.core.problems import CLOUD_FAILS_EVERYWHERE, NOT_ELIZA_CLOUD

_PREFIXES = ("eliza", "milady", "milaidy")


class AgentPaths:
    """Makes the calls under the agent prefix and remembers the prefix for one base URL."""

    def __init__(self, exchange: Exchange, address: CloudAddress) -> None:
        self.exchange = exchange
        self._address = address
        self._prefix: str | None = None
        self._probing = asyncio.Lock()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        more_headers: Mapping[str, str] = MappingProxyType({}),
        is_repeatable: bool = True,
    ) -> CloudResponse:
        """Call `path` under the agent prefix; if the response shows it to be gone, the next call probes."""
        prefix = await self.find()
        answer = await self.exchange.call(
            method, self.url(prefix, path), body, more_headers=more_headers, is_repeatable=is_repeatable
        )
        self.judge(prefix, answer)
        return answer

    def url(self, prefix: str, path: str) -> URL:
        """Return the URL of `path` under a prefix; the empty path is the list."""
        return self._address.base_url.api(f"{prefix}/agents{path}")

    async def find(self) -> str:
        """Return the prefix this server has, asking it if need be; concurrent first calls ask once."""
        async with self._probing:
            if self._prefix is not None:
                return self._prefix
            prefix, answer = await self._probe()
            if answer.status == 200 and isinstance((answer.document or {}).get("data"), list):
                self._prefix = prefix
            return prefix

    def judge(self, prefix: str, answer: CloudResponse) -> None:
        """Forget a prefix that has stopped to exist: the server may have become the next generation."""
        if answer.is_unknown_path and self._prefix == prefix:
            self._prefix = None

    async def _probe(self) -> tuple[str, CloudResponse]:
        seen = set()
        for prefix in _PREFIXES:
            answer = await self.exchange.call("GET", self.url(prefix, ""))
            if answer.document is not None and not answer.is_unknown_path:
                return prefix, answer
            if not answer.is_unknown_path:
                success(answer, self.exchange.redaction)
            seen.add(answer.status)
        if 500 in seen:
            problem = CLOUD_FAILS_EVERYWHERE.occurred(site=self._address.base_url)
            raise CloudServerError(problem, cloud_status=500)
        problem = NOT_ELIZA_CLOUD.occurred(site=self._address.base_url, found="it has no path for agents")
        raise InvalidResponse(problem, cloud_status=404)
