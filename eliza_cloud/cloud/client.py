"""The client of Eliza Cloud, for both generations of the server (cloud-api §21).

Every method raises `CloudError` and nothing else. Nothing is retried here, and no redirect is followed but
one between hosts of one cloud (`http.address`); each call has a timeout, and a failed one leaves nothing
behind.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Self
from uuid import uuid4

import aiohttp
import msgspec

from eliza_cloud.cloud import bridge
from eliza_cloud.cloud.billing import Billing
from eliza_cloud.cloud.compat import open_compat
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import CloudError, KeyRefused, NotFound, TimedOut
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.base_url import BaseUrl, segment
from eliza_cloud.cloud.http.error_mapping import error_for, success
from eliza_cloud.cloud.http.path_prefix import AgentPaths
from eliza_cloud.cloud.http.request import NETWORK_FAULTS, CloudResponse, Exchange, network_fault, read_answer
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.cloud.http.timeouts import Timeouts, deadline
from eliza_cloud.cloud.message_stream import stream_reply
from eliza_cloud.cloud.types import decode as reading
from eliza_cloud.cloud.types import login
from eliza_cloud.cloud.types.billing import Verbatim
from eliza_cloud.cloud.types.fields import members
from eliza_cloud.cloud.types.models import (
    Agent,
    Backup,
    CreatedAgent,
    Job,
    JobRef,
    LoginPoll,
    LoginSession,
    Provision,
    Restored,
    Snapshot,
    User,
)
from eliza_cloud.core.problems import KEY_MISSING
from eliza_cloud.redaction.secret import Secret


class ElizaCloudClient:
    """Calls one cloud with one key; without a key only the sign-in calls work.

    Used as a context manager it has a session of its own, open within the block. A `session` that is given is
    borrowed (see `http.session.open_session`). Many clients of one base URL may share it, and the `address`,
    which stands for the base URL then: a move holds for all of them.
    """

    def __init__(
        self,
        config: CloudConfig,
        *,
        session: aiohttp.ClientSession | None = None,
        address: CloudAddress | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
    ) -> None:
        self._address = CloudAddress(config.parsed_base_url()) if address is None else address
        self._key = config.key
        self._timeouts = timeouts
        self._own_session: aiohttp.ClientSession | None = None
        self._exchange = Exchange(session, self._key, self._address)
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

    def _exchange_with(self, key: Secret | None) -> Exchange:
        return Exchange(self._exchange.session, key, self._address)

    # Signing in (cloud-api §7): without credentials.

    async def create_login_session(self, *, timeout: float = 10.0) -> LoginSession:
        """Begin a sign-in; the id is the one the server returns, else the random one that was sent."""
        own_id = str(uuid4())
        exchange = self._exchange_with(None)
        async with deadline(timeout):
            answer = await exchange.call("POST", self.base_url.login_session(), {"sessionId": own_id})
        return login.read_session(success(answer, exchange.redaction), own_id, self.pages_url)

    async def poll_login(self, session_id: str, *, timeout: float = 10.0) -> LoginPoll:
        """Ask how a sign-in stands; the key is given out once. `KeyUnavailable`: it never will be."""
        exchange = self._exchange_with(None)
        async with deadline(timeout):
            answer = await exchange.call("GET", self.base_url.login_session(session_id))
        return login.read_poll(answer, exchange.redaction)

    async def revoke_login_key(self, session_id: str, key: Secret) -> None:
        """Give a key back that was just collected; only a server with `LoginSession.revocable` takes it."""
        exchange = self._exchange_with(key)
        async with deadline(self._timeouts.login):
            answer = await exchange.call("DELETE", self.base_url.login_session(session_id))
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

    # Agents (cloud-api §9, §10).

    async def list_agents(self) -> list[Agent]:
        """Return all agents of the organization, newest first."""
        return reading.read_agents(self._success(await self._call("GET", "")))

    async def create_agent(
        self,
        name: str,
        config: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        *,
        force: bool = False,
    ) -> CreatedAgent:
        """Create an agent; unless forced, the cloud may return an existing one (`created` False) instead."""
        body: dict[str, Any] = {"agentName": name}
        if force:
            body["forceCreate"] = True
        if config is not None:
            body["agentConfig"] = config
        if environment is not None:
            body["environmentVars"] = environment
        answer = await self._call("POST", "", body)
        return reading.read_created(self._success(answer), answer.status)

    async def get_agent(self, agent_id: str) -> Agent:
        """Return one agent; `NotFound` with `is_json` means that it is gone."""
        document = self._success(await self._call("GET", f"/{segment(agent_id)}"))
        return reading.read_agent(members(document.get("data")))

    async def delete_agent(self, agent_id: str) -> JobRef | None:
        """Delete an agent and its backups; one that is gone already counts as deleted."""
        answer = await self._call("DELETE", f"/{segment(agent_id)}", timeout=self._timeouts.stop)
        try:
            return reading.read_job_ref(self._accepted(answer))
        except NotFound as error:
            if error.is_json:
                return None
            raise

    async def provision(self, agent_id: str) -> Provision:
        """Start an agent's sandbox; also "already in progress" is a success, with the job to wait for."""
        answer = await self._call("POST", f"/{segment(agent_id)}/provision")
        return reading.read_provision(self._accepted(answer), answer.status)

    async def suspend(self, agent_id: str) -> JobRef | None:
        """Stop an agent and keep it; None when it has stopped."""
        answer = await self._call("POST", f"/{segment(agent_id)}/suspend", timeout=self._timeouts.stop)
        return reading.read_job_ref(self._accepted(answer))

    async def resume(self, agent_id: str) -> Provision:
        """Start a suspended agent again."""
        answer = await self._call("POST", f"/{segment(agent_id)}/resume")
        return reading.read_provision(self._accepted(answer), answer.status)

    # The agent's sandbox (cloud-api §12, §13).

    async def heartbeat(self, agent_id: str) -> None:
        """Return when the agent's sandbox answered; `AgentUnreachable`: the body says that it did not."""
        answer = await self._bridge(agent_id, bridge.rpc("heartbeat"), self._timeouts.heartbeat)
        bridge.judge(self._rpc_document(answer), self._exchange.redaction)

    async def send_message(
        self, agent_id: str, text: str, *, room: str = "web-chat", mode: str = "power"
    ) -> str:
        """Say something and return the whole reply; raises `AgentTimedOut` when it may still be coming."""
        clock = asyncio.get_running_loop()
        async with deadline(self._timeouts.rest):
            await self._agents.find()
        start = clock.time()
        try:
            answer = await self._bridge(agent_id, bridge.message(text, room, mode), self._timeouts.message)
        except TimedOut:
            raise bridge.took_too_long(self._timeouts.message) from None
        document = self._rpc_document(answer)
        waited = clock.time() - start
        if bridge.is_cut_off(document) and waited >= self._timeouts.bridge_wait_limit:
            raise bridge.took_too_long(waited)
        bridge.judge(document, self._exchange.redaction)
        return bridge.reply_text(document)

    def stream_message(
        self, agent_id: str, text: str, *, room: str = "web-chat", mode: str = "power"
    ) -> AsyncGenerator[str, None]:
        """Say something and yield the reply's pieces; it was complete only if the generator ends by itself.

        Raises `StreamFailed` for a reply that failed or was cut. Closing the generator cancels the call.
        """
        self._require_key()
        path = f"/{segment(agent_id)}/stream"
        return stream_reply(self._agents, path, bridge.message(text, room, mode), self._timeouts)

    # Backups (cloud-api §14).

    async def snapshot(self, agent_id: str) -> Snapshot:
        """Take a backup, or start the job that takes it; `Conflict`: there is nothing to back up."""
        answer = await self._call("POST", f"/{segment(agent_id)}/snapshot")
        return reading.read_snapshot(self._accepted(answer), answer.status)

    async def list_backups(self, agent_id: str) -> list[Backup]:
        """Return the backups the cloud keeps, newest first; an unknown agent has none."""
        return reading.read_backups(self._success(await self._call("GET", f"/{segment(agent_id)}/backups")))

    async def restore(self, agent_id: str, backup_id: str | None = None) -> Restored:
        """Restore a backup, the newest by default; may block as long as a restart of the sandbox takes."""
        body = {} if backup_id is None else {"backupId": backup_id}
        answer = await self._call(
            "POST", f"/{segment(agent_id)}/restore", body, timeout=self._timeouts.restore
        )
        return reading.read_restored(self._success(answer), answer.status)

    # Inference and the rest of what can be routed (cloud-api §16).

    @asynccontextmanager
    async def open(
        self, path: str, body: Any, *, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the 2xx answer of an endpoint under `/api/v1`, its body unread; None as body makes a GET.

        Leaving closes the connection, which cancels the call. Reading the body may raise network faults.
        """
        self._require_key()
        url, method = self.base_url.api(path), "GET" if body is None else "POST"
        fault: CloudError | None = None
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(
                    self._exchange.open(method, url, body, more_headers=headers, timeout=timeout)
                )
                if not 200 <= response.status < 300:
                    redaction = self._exchange.redaction
                    raise error_for(await read_answer(response, redaction), redaction)
            except NETWORK_FAULTS as error:
                fault = network_fault(error, url)
            else:
                yield response
        if fault is not None:
            raise fault  # outside the handler: aiohttp's exceptions hold the request's headers

    def compat(
        self, method: str, path: str, content: bytes
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse | Verbatim]:
        """Open the answer to a call of the compat surface; `path` is encoded and begins with /api/compat/."""
        self._require_key()
        return open_compat(self._exchange, self.base_url.at(path), method, content)

    async def _get(self, path: str) -> dict[str, Any]:
        """GET something outside the agent paths."""
        self._require_key()
        async with deadline(self._timeouts.rest):
            return self._success(await self._exchange.call("GET", self.base_url.api(path)))

    async def _call(
        self, method: str, path: str, body: Any = None, *, timeout: float | None = None
    ) -> CloudResponse:
        """Call something under the agent prefix."""
        self._require_key()
        async with deadline(self._timeouts.rest if timeout is None else timeout):
            return await self._agents.call(method, path, body)

    async def _bridge(self, agent_id: str, request: dict[str, Any], timeout: float) -> CloudResponse:
        return await self._call("POST", f"/{segment(agent_id)}/bridge", request, timeout=timeout)

    def _rpc_document(self, answer: CloudResponse) -> dict[str, Any]:
        """Return a JSON-RPC answer: a body of success, which may still carry an `error`."""
        document = self._success(answer)
        if not document:
            raise reading.unexpected("the bridge said nothing")
        return document

    def _success(self, answer: CloudResponse) -> dict[str, Any]:
        return success(answer, self._exchange.redaction)

    def _accepted(self, answer: CloudResponse) -> dict[str, Any]:
        """Like `_success`, but a 409 that names the work already under way is one too (cloud-api §10)."""
        document = answer.document
        if answer.status == 409 and document is not None and document.get("success") is not False:
            under_way = (
                document.get("alreadyInProgress") is True or reading.read_job_ref(document) is not None
            )
            if under_way:
                return document
        return self._success(answer)

    def _require_key(self) -> None:
        if self._key is None:
            raise KeyRefused(KEY_MISSING.occurred())
