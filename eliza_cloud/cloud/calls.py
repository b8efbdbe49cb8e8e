"""Calling one cloud with one key: what is a success, and the calls about agents (cloud-api §9, §10, §14).

The cloud serves agents under `eliza`, `milady` or `milaidy` (cloud-api §3). A server says that it has no
such path with a 404, or on some deployments a 500, that is not JSON, and the newest with a 404 whose JSON
says "Not found". So the prefix is found with a plain GET of the list, never with the call itself. Other
JSON of any status settles it for the call at hand; it is kept only once it has given the list: a proxy in
front of the cloud speaks JSON, too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

import aiohttp
from yarl import URL

from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import CloudServerError, InvalidRequest, InvalidResponse, KeyRefused, NotFound
from eliza_cloud.cloud.http.address import BaseUrl, CloudAddress, segment
from eliza_cloud.cloud.http.error_mapping import success
from eliza_cloud.cloud.http.request import CloudResponse, Exchange, Timeouts, deadline
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.cloud.nul import refuse_nul
from eliza_cloud.cloud.types import decode as reading
from eliza_cloud.cloud.types.decode import accepting, read_job_ref, read_quote
from eliza_cloud.cloud.types.models import (
    Agent,
    Backup,
    CreatedAgent,
    JobRef,
    Logs,
    Provision,
    Restored,
    Snapshot,
    Upgrade,
    UpgradeQuote,
    members,
)
from eliza_cloud.core.problems import (
    CLOUD_FAILS_EVERYWHERE,
    KEY_MISSING,
    NOT_ELIZA_CLOUD,
    NOT_OFFERED,
    WAKE_AMBIGUOUS,
)
from eliza_cloud.redaction.secret import Secret

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

    def _offered(self, answer: CloudResponse, what: str) -> dict[str, Any]:
        """Like `_success`, for a call that older servers do not have."""
        if answer.is_unknown_path:
            raise NotFound(NOT_OFFERED.occurred(what=what), is_json=False, cloud_status=answer.status)
        return self._success(answer)

    def _require_key(self) -> None:
        if self._key is None:
            raise KeyRefused(KEY_MISSING.occurred())


class AgentCalls(CloudCalls):
    """Everything that is asked of an agent but what its sandbox answers."""

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
        """Give an agent another name; `NotFound` where the servers cannot."""
        refuse_nul(agentName=name)
        answer = await self._call("PATCH", f"/{segment(agent_id)}", {"agentName": name})
        if _asks_for_action(answer):
            raise NotFound(
                NOT_OFFERED.occurred(what="rename an agent"), is_json=False, cloud_status=answer.status
            )
        self._success(answer)

    async def start_logs(self, agent_id: str, *, tail: int = 100) -> Logs:
        """Return the last lines of an agent's log, or the job that fetches them (`jobs.fetch_logs`)."""
        self._require_key()
        url = self.base_url.at(f"/api/compat/agents/{segment(agent_id)}/logs?tail={tail}")
        async with deadline(self._timeouts.rest):
            answer = await self._exchange.call("GET", url)
        return reading.read_logs(self._offered(answer, "show an agent's log"))

    async def delete_agent(self, agent_id: str, *, accept_state_loss: bool = False) -> JobRef | None:
        """Delete an agent and its backups; one that is already gone is reported as deleted.

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

    # Making a shared agent dedicated (cloud-api-latest L4).

    async def upgrade_quote(self, agent_id: str) -> UpgradeQuote:
        """Return what it costs to make a shared agent dedicated; `Conflict` unless it is shared and runs.

        `NotFound` where the servers know no tiers.
        """
        answer = await self._call("GET", f"/{segment(agent_id)}/upgrade-tier")
        return read_quote(self._offered(answer, "make an agent dedicated"))

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


def _asks_for_action(answer: CloudResponse) -> bool:
    """Tell whether a PATCH was refused because these servers only stop an agent with it (cloud-api §9)."""
    details = (answer.document or {}).get("details")
    complaints = details if answer.status == 400 and isinstance(details, list) else []
    return any(members(complaint).get("path") == ["action"] for complaint in complaints)
