"""The calls about agents: their life, their tier and their backups (cloud-api §9, §10, §14; L4, L14)."""

from typing import Any

from eliza_cloud.cloud.calls import CloudCalls
from eliza_cloud.cloud.errors import InvalidRequest, NotFound
from eliza_cloud.cloud.http.base_url import segment
from eliza_cloud.cloud.http.timeouts import deadline
from eliza_cloud.cloud.nul import refuse_nul
from eliza_cloud.cloud.types import decode as reading
from eliza_cloud.cloud.types.fields import members
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
)
from eliza_cloud.cloud.types.pricing import read_quote
from eliza_cloud.core.problems import WAKE_AMBIGUOUS


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
