"""The client of Eliza Cloud, for every generation of the server (cloud-api §21, L11, L24).

Every method raises `CloudError` and nothing else. No redirect is followed but one between hosts of one cloud
(`http.address`), and nothing is repeated but what a 503 refused that passes in a moment (`http.passing`);
each call has a timeout, and a failed one leaves nothing behind.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

import aiohttp
import msgspec

from eliza_cloud.cloud import bridge
from eliza_cloud.cloud.billing import Billing
from eliza_cloud.cloud.compat import open_compat
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import (
    CloudError,
    InvalidRequest,
    InvalidResponse,
    KeyRefused,
    NotFound,
    TimedOut,
)
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.base_url import BaseUrl, segment
from eliza_cloud.cloud.http.error_mapping import error_for, success
from eliza_cloud.cloud.http.path_prefix import AgentPaths
from eliza_cloud.cloud.http.request import NETWORK_FAULTS, CloudResponse, Exchange, network_fault
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.cloud.http.timeouts import Timeouts, deadline
from eliza_cloud.cloud.message_stream import stream_reply
from eliza_cloud.cloud.nul import refuse_nul
from eliza_cloud.cloud.types import decode as reading
from eliza_cloud.cloud.types import login
from eliza_cloud.cloud.types.billing import Verbatim
from eliza_cloud.cloud.types.fields import members, text
from eliza_cloud.cloud.types.models import (
    Agent,
    Backup,
    CreatedAgent,
    Heartbeat,
    Job,
    JobRef,
    LoginPoll,
    LoginSession,
    Logs,
    Provision,
    Restored,
    Snapshot,
    Upgrade,
    UpgradeQuote,
    User,
)
from eliza_cloud.cloud.types.pricing import accepting, read_quote
from eliza_cloud.core.problems import KEY_MISSING, WAKE_AMBIGUOUS
from eliza_cloud.redaction.secret import Secret


class ElizaCloudClient:
    """Calls one cloud with one key; without a key only the sign-in calls work.

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
        """Revoke a key at the cloud, this client's own by default; it is dead from then on (cloud-api L21).

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
        dedicated: bool = False,
        character_id: str | None = None,
        docker_image: str | None = None,
        auto_provision: bool | None = None,
        accept_price: str | None = None,
    ) -> CreatedAgent:
        """Create an agent; unless forced, the cloud may return an existing one (`created` False) instead.

        `dedicated` asks for a container of its own, which costs: `PriceConfirmationRequired` unless
        `accept_price` is the `acceptance_value` of the present price. `auto_provision` False creates without
        starting. Never repeated: a create that was refused may have made the agent all the same.
        """
        refuse_nul(agentName=name, agentConfig=config, environmentVars=environment, characterId=character_id)
        optional: dict[str, Any] = {
            "forceCreate": force or None,
            "alwaysOn": dedicated or None,
            "agentConfig": config,
            "environmentVars": environment,
            "characterId": character_id,
            "dockerImage": docker_image,
            "autoProvision": auto_provision,
        }
        body = {"agentName": name} | {name: value for name, value in optional.items() if value is not None}
        answer = await self._call("POST", "", body, accept_price=accept_price, is_repeatable=False)
        return reading.read_created(self._success(answer), answer.status)

    async def get_agent(self, agent_id: str) -> Agent:
        """Return one agent; `NotFound` with `is_json` means that it is gone."""
        document = self._success(await self._call("GET", f"/{segment(agent_id)}"))
        return reading.read_agent(members(document.get("data")))

    async def rename_agent(self, agent_id: str, name: str) -> None:
        """Give an agent another name; the first generation cannot (`InvalidRequest`)."""
        refuse_nul(agentName=name)
        self._success(await self._call("PATCH", f"/{segment(agent_id)}", {"agentName": name}))

    async def start_logs(self, agent_id: str, *, tail: int = 100) -> Logs:
        """Return the last lines of an agent's log, or the job that fetches them (`jobs.fetch_logs`)."""
        self._require_key()
        url = self.base_url.at(f"/api/compat/agents/{segment(agent_id)}/logs?tail={tail}")
        async with deadline(self._timeouts.rest):
            return reading.read_logs(self._success(await self._exchange.call("GET", url)))

    async def delete_agent(self, agent_id: str, *, accept_state_loss: bool = False) -> JobRef | None:
        """Delete an agent and its backups; one that is gone already counts as deleted.

        The newest generation backs the state up first, and keeps the agent when it cannot, unless its loss is
        accepted: wait with `jobs.wait_for_deletion`.
        """
        answer = await self._call(
            "DELETE",
            f"/{segment(agent_id)}",
            {"stateLossAcknowledged": True} if accept_state_loss else None,
            timeout=self._timeouts.stop,
        )
        try:
            return reading.read_job_ref(self._accepted(answer))
        except NotFound as error:
            if error.is_json:
                return None
            raise

    async def provision(self, agent_id: str, *, accept_price: str | None = None) -> Provision:
        """Start an agent's sandbox; also "already in progress" is a success, with the job to wait for.

        Raises `PriceConfirmationRequired` where a start costs and `accept_price` is not the present price's
        `acceptance_value`; nothing was started then. The same holds for `resume` and `wake`.
        """
        answer = await self._call("POST", f"/{segment(agent_id)}/provision", accept_price=accept_price)
        return reading.read_provision(self._accepted(answer), answer.status)

    async def suspend(self, agent_id: str) -> JobRef | None:
        """Stop an agent and keep it; None when it has stopped."""
        answer = await self._call("POST", f"/{segment(agent_id)}/suspend", timeout=self._timeouts.stop)
        return reading.read_job_ref(self._accepted(answer))

    async def resume(self, agent_id: str, *, accept_price: str | None = None) -> Provision:
        """Start a suspended or sleeping agent again."""
        answer = await self._call("POST", f"/{segment(agent_id)}/resume", accept_price=accept_price)
        return reading.read_provision(self._accepted(answer), answer.status)

    async def wake(
        self,
        agent_id: str,
        *,
        backup_id: str | None = None,
        fresh: bool = False,
        accept_price: str | None = None,
    ) -> Provision:
        """Start a sleeping agent from a chosen backup, or `fresh` without any; else there is `resume`.

        `SessionNotReady`: it is being woken in another way. `Conflict`: the backup did not pass verification.
        """
        if fresh and backup_id is not None:
            raise InvalidRequest(WAKE_AMBIGUOUS.occurred())
        body: dict[str, Any] = {} if backup_id is None else {"restoreBackupId": backup_id}
        if fresh:
            body = {"forceFreshBoot": True}
        answer = await self._call("POST", f"/{segment(agent_id)}/wake", body, accept_price=accept_price)
        return reading.read_provision(self._accepted(answer), answer.status)

    # Making a shared agent dedicated (cloud-api L4).

    async def upgrade_quote(self, agent_id: str) -> UpgradeQuote:
        """Return what it costs to make a shared agent dedicated; `Conflict` unless it is shared and runs."""
        return read_quote(self._success(await self._call("GET", f"/{segment(agent_id)}/upgrade-tier")))

    async def upgrade(
        self, agent_id: str, quote: UpgradeQuote, *, accept_price: str | None = None
    ) -> Upgrade:
        """Make a shared agent dedicated under a quote that its owner has seen; the new agent has a new id.

        `QuoteChanged` carries the new quote: show it before it is used.
        """
        body = {
            "action": "activate_dedicated",
            "quoteId": quote.id,
            "minimumActivationChargeUsd": quote.raw.get("minimumActivationChargeUsd"),
        }
        answer = await self._call(
            "POST", f"/{segment(agent_id)}/upgrade-tier", body, accept_price=accept_price, is_repeatable=False
        )
        return reading.read_upgrade(self._accepted(answer))

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

    # Backups (cloud-api §14).

    async def snapshot(self, agent_id: str) -> Snapshot:
        """Take a backup, or start the job that takes it; `Conflict`: there is nothing to back up."""
        answer = await self._call("POST", f"/{segment(agent_id)}/snapshot")
        return reading.read_snapshot(self._accepted(answer), answer.status)

    async def list_backups(self, agent_id: str) -> list[Backup]:
        """Return the backups the cloud keeps, newest first; an unknown agent has none."""
        return reading.read_backups(self._success(await self._call("GET", f"/{segment(agent_id)}/backups")))

    async def restore(self, agent_id: str, backup_id: str | None = None) -> Restored:
        """Restore a backup, the newest by default; may block as long as a restart of the sandbox takes.

        With `accepted_only` it has only begun, without a job: watch the agent.
        """
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
        `ModelNotFound`: the cloud does not have the model or voice that the body names.
        """
        self._require_key()
        url, method = self.base_url.api(path), "GET" if body is None else "POST"
        fault: CloudError | None = None
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(
                    self._exchange.open_answer(method, url, body, more_headers=headers, timeout=timeout)
                )
                if isinstance(response, CloudResponse):
                    raise error_for(response, self._exchange.redaction, model=_named_model(body))
            except NETWORK_FAULTS as error:
                fault = network_fault(error, url)
            else:
                yield response
        if fault is not None:
            raise fault  # outside the handler: aiohttp's exceptions hold the request's headers

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
        headers = accepting(accept_price)
        async with deadline(self._timeouts.rest if timeout is None else timeout):
            return await self._agents.call(
                method, path, body, more_headers=headers, is_repeatable=is_repeatable
            )

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


def _named_model(body: Any) -> str | None:
    """Return the model and the voice that a request names, for the error about them."""
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
