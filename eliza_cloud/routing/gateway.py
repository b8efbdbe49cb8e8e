"""The gateway: each call is sent on the route its capability has at that moment."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, KeyRefused
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS
from eliza_cloud.cloud.http.trace_context import trace_headers
from eliza_cloud.core.problems import PROVIDER_TIMEOUT, PROVIDER_UNREACHABLE, Problem
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.routing.config.reload import WatchedFile
from eliza_cloud.routing.config.table import RoutingTable
from eliza_cloud.routing.config.types import Capability, Transport
from eliza_cloud.routing.upstreams.accounts import Account, Accounts
from eliza_cloud.routing.upstreams.env import Variables
from eliza_cloud.routing.upstreams.errors import refusal
from eliza_cloud.routing.upstreams.resolve import (
    CloudUpstream,
    DirectUpstream,
    RouteUnavailable,
    Upstream,
    resolve_upstream,
)
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.store.config.file import ConfigFile


def open_own_session() -> aiohttp.ClientSession:
    """Open a session without cookies, proxies or netrc; a connection of its own for each request.

    A kept connection that died unnoticed would fail a request that must not be repeated.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"eliza-cloud/{version('eliza-cloud')}", "Accept-Encoding": "identity"},
        trust_env=False,
    )


#: Seconds: a connection, TLS included; silence while an answer comes; a video, which comes at once or not.
STREAMED = aiohttp.ClientTimeout(total=None, connect=10.0, sock_read=300.0)
VIDEO = aiohttp.ClientTimeout(total=310.0, connect=10.0)
LISTING = aiohttp.ClientTimeout(total=10.0)


class UpstreamRequest(msgspec.Struct, frozen=True):
    """One call: `url` is complete for a provider or server, and a path under `/api/v1` for Eliza Cloud.

    `body` is what JSON is made of, None for a GET. `headers` are those of the caller that may travel.
    """

    url: str
    body: Any = None
    headers: Mapping[str, str] = {}
    timeout: aiohttp.ClientTimeout = STREAMED


class Gateway:
    """Calls what `serviceRouting` says. Every refusal and failure is a `LinkError`.

    `seen` is called with every key before it is used; `called` with the outcome of each call: None
    for one that was answered.
    """

    def __init__(
        self,
        *,
        manager: CloudManager,
        config: ConfigFile,
        environ: Mapping[str, str],
        seen: Callable[[Secret], None] = lambda _: None,
        called: Callable[[Upstream, Problem | None], None] = lambda _upstream, _problem: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.accounts = Accounts(monotonic)
        self.switching = asyncio.Lock()
        self._manager = manager
        self._environ = environ
        self._seen = seen
        self._called = called
        self._file = WatchedFile(config, monotonic)
        self._session: aiohttp.ClientSession | None = None

    @property
    def problem(self) -> str | None:
        """Why eliza.json as it is now is not used."""
        return self._file.problem

    async def table(self) -> RoutingTable:
        """Return what eliza.json says now."""
        return await self._file.table()

    async def upstream(self, capability: Capability) -> Upstream:
        """Return a capability's upstream now; `LinkError` when it has none that can be used."""
        return self.resolve(capability, await self.table())

    def resolve(self, capability: Capability, table: RoutingTable) -> Upstream:
        """Return the upstream a table gives; for the cloud only when there is a key to sign with."""
        try:
            upstream = resolve_upstream(capability, table, Variables(table.variables, self._environ))
        except RouteUnavailable as closed:
            raise LinkError(closed.problem) from None
        if isinstance(upstream, CloudUpstream):
            self._manager.cloud_client()
        return upstream

    @asynccontextmanager
    async def open(self, upstream: Upstream, call: UpstreamRequest) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the 2xx answer, its body unread; leaving cancels what has not come yet."""
        async with AsyncExitStack() as stack:
            try:
                if isinstance(upstream, CloudUpstream):
                    response = await self._ask_cloud(stack, call)
                else:
                    response = await self._ask_own(stack, upstream, call)
            except LinkError as error:
                self._called(upstream, error.problem)
                raise
            self._called(upstream, None)
            yield response

    async def close(self) -> None:
        """Close every connection to providers and remote servers."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask_cloud(self, stack: AsyncExitStack, call: UpstreamRequest) -> aiohttp.ClientResponse:
        client: ElizaCloudClient = self._manager.cloud_client()
        try:
            return await stack.enter_async_context(
                client.open(call.url, call.body, headers=call.headers, timeout=call.timeout)
            )
        except CloudError as error:
            if isinstance(error, KeyRefused):
                self._manager.reverify_key()
            raise LinkError(error.problem) from error

    async def _ask_own(
        self, stack: AsyncExitStack, upstream: DirectUpstream, call: UpstreamRequest
    ) -> aiohttp.ClientResponse:
        """Call with one account after the other while they are refused."""
        tried: list[Account] = []
        refused: Problem | None = None
        while (
            account := self.accounts.choose(upstream.accounts, upstream.route.strategy, tried)
        ) is not None:
            tried.append(account)
            attempt = await stack.enter_async_context(AsyncExitStack())
            response = await self._send(attempt, upstream, account, call)
            rests = self.accounts.note(account, response.status, response.headers)
            if 200 <= response.status < 300:
                return response
            refused = await refusal(upstream.label, account, response)
            await attempt.aclose()
            if not rests:
                break
        if refused is None:
            raise RuntimeError("an upstream has at least one account")
        raise LinkError(refused)

    async def _send(
        self, stack: AsyncExitStack, upstream: DirectUpstream, account: Account, call: UpstreamRequest
    ) -> aiohttp.ClientResponse:
        headers = {"Accept": "application/json", **call.headers}
        if upstream.route.transport is Transport.REMOTE:  # one of ours; others need not know who asks when
            headers |= trace_headers()
        if account.key is not None:
            self._seen(account.key)
            headers["Authorization"] = f"Bearer {account.key.reveal()}"
        data = None
        if call.body is not None:
            data = io.BytesIO(msgspec.json.encode(call.body))
            headers["Content-Type"] = "application/json"
        try:
            response = await self._own_session().request(
                "GET" if data is None else "POST",
                URL(call.url),
                data=data,
                headers=headers,
                timeout=call.timeout,
                allow_redirects=False,
            )
        except NETWORK_ERRORS as error:
            problem = _unreached(upstream.label, error)
        else:
            stack.callback(response.close)
            return response
        raise LinkError(problem)  # outside the handler: aiohttp's exceptions hold the request's headers

    def _own_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_own_session()
        return self._session


def _unreached(label: str, error: Exception) -> Problem:
    if isinstance(error, asyncio.TimeoutError):
        return PROVIDER_TIMEOUT.occurred(provider=label)
    reason = "cannot be reached"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        reason = "cannot be reached: its name was not found"
    elif isinstance(error, aiohttp.ClientSSLError):
        reason = "cannot be reached over a trusted TLS connection"
    elif isinstance(error, aiohttp.ServerDisconnectedError):
        reason = "closed the connection without an answer"
    return PROVIDER_UNREACHABLE.occurred(provider=label, reason=reason)
