"""The client of Eliza Cloud, for every generation of the server (cloud-api §21, cloud-api-latest L11, L24).

Every method raises `CloudError` and nothing else. No redirect is followed but one between hosts of one cloud
(`http.address`), and nothing is repeated but what a 503 refused that passes in a moment (`http.passing`);
each call has a timeout, and a failed one leaves nothing behind.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from eliza_cloud.cloud import bridge
from eliza_cloud.cloud.billing import Billing
from eliza_cloud.cloud.calls import AgentCalls
from eliza_cloud.cloud.compat import open_compat
from eliza_cloud.cloud.errors import CloudError, InvalidResponse, NotFound, TimedOut
from eliza_cloud.cloud.http.address import segment
from eliza_cloud.cloud.http.error_mapping import error_for, success
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.request import CloudResponse, deadline
from eliza_cloud.cloud.message_stream import stream_reply
from eliza_cloud.cloud.types import decode as reading
from eliza_cloud.cloud.types import login
from eliza_cloud.cloud.types.billing import Verbatim
from eliza_cloud.cloud.types.models import Heartbeat, Job, LoginPoll, LoginSession, User, text
from eliza_cloud.redaction.secret import Secret


class ElizaCloudClient(AgentCalls):
    """Calls one cloud with one key; without a key only the sign-in calls work.

    Used as a context manager it has a session of its own, open within the block.
    """

    # Signing in (cloud-api §7): without credentials.

    async def create_login_session(self, *, timeout: float = 10.0) -> LoginSession:
        """Begin a sign-in; the id is the one the server returns, else the random one that was sent."""
        own_id = str(uuid4())
        exchange = self._exchange_with(None)
        async with deadline(timeout):
            answer = await exchange.call("POST", self.base_url.login_session(), {"sessionId": own_id})
        return login.read_session(success(answer, exchange.redaction), own_id, self.pages_url)

    async def poll_login(self, session_id: str, *, timeout: float = 10.0) -> LoginPoll:
        """Poll a sign-in; the key is given out once. `KeyUnavailable`: it never will be."""
        exchange = self._exchange_with(None)
        async with deadline(timeout):
            answer = await exchange.call("GET", self.base_url.login_session(session_id))
        return login.read_poll(answer, exchange.redaction)

    async def revoke_login_key(self, session_id: str, key: Secret) -> None:
        """Give a key back that was just collected; only a server with `LoginSession.revocable` takes it.

        Where the sign-in takes none back, the key itself is revoked; the error is still the sign-in's.
        """
        exchange = self._exchange_with(key)
        async with deadline(self._timeouts.login):
            answer = await exchange.call("DELETE", self.base_url.login_session(session_id))
        try:
            success(answer, exchange.redaction)
        except (NotFound, InvalidResponse) as error:
            try:
                await self.revoke_key(key)
            except CloudError:
                raise error from None

    async def revoke_key(self, key: Secret | None = None) -> None:
        """Revoke a key at the cloud, this client's own by default; for good (cloud-api-latest L21).

        Repeating it is safe. Only the newest generation can: others answer `NotFound` or `KeyRefused`.
        """
        if key is None:
            self._require_key()
            key = self._key
        exchange = self._exchange_with(key, is_single_header=True)
        async with deadline(self._timeouts.login):
            answer = await exchange.call("DELETE", self.base_url.api("api-keys/current"))
        success(answer, exchange.redaction)

    # The account (cloud-api §8, §15) and jobs (cloud-api §11).

    async def get_user(self) -> User:
        """Return whom the key belongs to: the cheapest proof that it is valid."""
        return reading.read_user(await self._get("user"))

    async def get_balance(self, *, fresh: bool = False) -> float:
        """Return the credit balance in dollars; `fresh` asks past the cloud's cache."""
        return reading.read_balance(await self._get("credits/balance" + ("?fresh=true" if fresh else "")))

    def billing(self, service_key: Secret | None = None) -> Billing:
        """Return the calls about money; `service_key` is a trusted backend's, sent beside the account's."""
        self._require_key()
        return Billing(self._exchange, self._address, service_key)

    async def get_job(self, job_id: str) -> Job:
        """Return a job as it is now."""
        job = reading.read_job(await self._get(f"jobs/{segment(job_id)}"), job_id)
        if job.error is None:
            return job
        return msgspec.structs.replace(job, error=self._exchange.redaction.sentence(job.error))

    # The agent's sandbox (cloud-api §12, §13).

    async def heartbeat(self, agent_id: str) -> Heartbeat:
        """Return when the agent's sandbox answered; `AgentUnreachable`: the body says that it did not.

        `AgentNotReady`: the sandbox answered that its runtime is still starting, so it is not dead. A
        dedicated agent whose heartbeat is `from_shared_runtime` is alive only if its record says running.
        """
        answer = await self._bridge(agent_id, bridge.rpc("heartbeat"), self._timeouts.heartbeat)
        document = self._rpc_document(answer)
        bridge.judge(document, self._exchange.redaction)
        return bridge.read_heartbeat(document)

    async def send_message(
        self, agent_id: str, text: str, *, room: str = "web-chat", mode: str = "power"
    ) -> str:
        """Say something and return the whole reply; raises `AgentTimedOut` when it may still be coming.

        `ReplyFailed`: what came is not the agent's, or empty. `MessageTooLarge`, and `InvalidRequest` for
        U+0000: nothing was sent, because the agent would not survive it.
        """
        request = bridge.message(text, room, mode)
        clock = asyncio.get_running_loop()
        async with deadline(self._timeouts.rest):
            await self._agents.find()
        start = clock.time()
        try:
            answer = await self._bridge(agent_id, request, self._timeouts.message)
        except TimedOut:
            raise bridge.took_too_long(self._timeouts.message) from None
        document = self._rpc_document(answer)
        waited = clock.time() - start
        if bridge.is_cut_off(document) and waited >= self._timeouts.bridge_wait_limit:
            raise bridge.took_too_long(waited)
        bridge.judge(document, self._exchange.redaction)
        return bridge.reply_text(document, self._exchange.redaction)

    def stream_message(
        self, agent_id: str, text: str, *, room: str = "web-chat", mode: str = "power"
    ) -> AsyncGenerator[str, None]:
        """Say something and yield the reply's pieces; it was complete only if the generator ends by itself.

        Raises `StreamFailed` for a reply that failed, was cut or is empty, and at once what `send_message`
        raises without sending. Closing the generator cancels the call.
        """
        self._require_key()
        path = f"/{segment(agent_id)}/stream"
        return stream_reply(self._agents, path, bridge.message(text, room, mode), self._timeouts)

    # Inference and the rest of what can be routed (cloud-api §16).

    @asynccontextmanager
    async def open(
        self, path: str, body: Any, *, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the 2xx answer of an endpoint under `/api/v1`, its body unread; None as body makes a GET.

        Leaving closes the connection, which cancels the call. Reading the body may raise network errors.
        `ModelNotFound`: the cloud does not have the model or voice that the body names.
        """
        self._require_key()
        url, method = self.base_url.api(path), "GET" if body is None else "POST"
        failed: CloudError | None = None
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(
                    self._exchange.open_answer(method, url, body, more_headers=headers, timeout=timeout)
                )
                if isinstance(response, CloudResponse):
                    raise error_for(response, self._exchange.redaction, model=_named_model(body))
            except NETWORK_ERRORS as error:
                failed = network_error(error, url)
            else:
                yield response
        if failed is not None:
            raise failed  # outside the handler: aiohttp's exceptions hold the request's headers

    def compat(
        self,
        method: str,
        path: str,
        content: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse | Verbatim]:
        """Open the answer to a call that is passed through; `path` is encoded and begins with /api/.

        `headers` are those of the caller that travel, such as the one that accepts a price.
        """
        self._require_key()
        return open_compat(self._exchange, self.base_url.at(path), method, content, headers)

    async def _bridge(self, agent_id: str, request: dict[str, Any], timeout: float) -> CloudResponse:
        return await self._call("POST", f"/{segment(agent_id)}/bridge", request, timeout=timeout)

    def _rpc_document(self, answer: CloudResponse) -> dict[str, Any]:
        """Return a JSON-RPC answer: a body of success, which may still carry an `error`."""
        document = self._success(answer)
        if not document:
            raise reading.unexpected("the bridge said nothing")
        return document


def _named_model(body: Any) -> str | None:
    """Return the model and the voice that a request names, for the error about them."""
    if isinstance(body, msgspec.Raw):
        body = msgspec.json.decode(body)
    if not isinstance(body, Mapping):
        return None
    found = []
    for name in ("model", "modelId", "voiceId"):
        value = body.get(name)
        if isinstance(value, msgspec.Raw):
            value = msgspec.json.decode(value)
        if text(value) is not None:
            found.append(str(value))
    return ", ".join(found) or None
