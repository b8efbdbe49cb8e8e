"""What is done to agents beside the link: creating, and letting go of one before it is stopped or deleted."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import (
    AgentUnreachable,
    CloudError,
    NotFound,
    QuoteChanged,
    TimedOut,
    Unreachable,
)
from eliza_cloud.cloud.jobs import fetch_logs, wait_for_deletion, wait_for_job
from eliza_cloud.cloud.types.models import CreatedAgent, JobRef
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import Completed
from eliza_cloud.core.problems import (
    AGENT_NOT_RESUMED,
    BILLING_HOLD_ACTIVE,
    CREDITS_EXHAUSTED,
    NOT_STARTED_AGAIN,
    PRICE_CONFIRMATION_REQUIRED,
    QUOTE_CHANGED,
    Problem,
)
from eliza_cloud.core.states import LinkState, Reason
from eliza_cloud.runtime.activities.connector import at_price, wait_until_up
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.loop import LinkLoop
from eliza_cloud.runtime.operations.cloud_calls import AuthorizedCalls
from eliza_cloud.store.config.settings import Settings

Sleep = Callable[[float], Awaitable[None]]
_REFUSED_FOR_MONEY = {
    row.code for row in (PRICE_CONFIRMATION_REQUIRED, CREDITS_EXHAUSTED, BILLING_HOLD_ACTIVE)
}
T = TypeVar("T")


class AgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An agent to be created. `dedicated` asks for a container of its own, which costs."""

    name: str
    config: dict[str, Any] | None = None
    environment: dict[str, str] | None = None
    dedicated: bool = False
    force: bool = False
    character_id: str | None = None
    docker_image: str | None = None
    auto_provision: bool | None = None
    accept_price: str | None = None


class AgentOperations:
    """Creates, stops, starts and deletes agents for callers; what fails is a `LinkError`.

    What costs is started at the price the caller accepts, or at one within the limits of the settings. A
    linked agent is let go of before it is stopped or deleted; where that fails, exactly the link that stood
    is given back, and nothing is started by that.
    """

    __slots__ = ("_calls", "_loop", "_settings", "_sleep")

    def __init__(
        self,
        loop: LinkLoop,
        calls: AuthorizedCalls,
        sleep: Sleep,
        settings: Callable[[], Settings],
    ) -> None:
        self._loop = loop
        self._calls = calls
        self._sleep = sleep
        self._settings = settings

    async def create(self, new: AgentRequest) -> CreatedAgent:
        """Create an agent; one without an answer is never repeated: what may have come of it is reported."""
        return await self._calls.with_key(lambda client: self._create(client, new))

    async def start(self, agent_id: str, accept_price: str | None) -> None:
        """Have an agent started and return once the cloud has accepted that."""

        async def begin(client: ElizaCloudClient) -> None:
            agent = await client.get_agent(agent_id)
            if not agent.is_shared:
                await self._at_price(
                    lambda price: client.provision(agent_id, accept_price=price), accept_price
                )

        await self._calls.with_key(begin)

    async def delete(self, agent_id: str, *, accept_state_loss: bool = False) -> None:
        """Delete an agent and its backups; raises `LinkError` `delete_needs_backup` where it stays."""

        async def work(client: ElizaCloudClient) -> None:
            job = await client.delete_agent(agent_id, accept_state_loss=accept_state_loss)
            if job is not None:
                await wait_for_deletion(client, agent_id, job, self._sleep)

        await self._without_link(events.ShutdownAgent(agent_id), work)

    async def suspend(self, agent_id: str) -> None:
        """Stop an agent without losing it."""

        async def work(client: ElizaCloudClient) -> None:
            await self._see_through(client, await client.suspend(agent_id))

        await self._without_link(events.SuspendAgent(agent_id), work)

    async def resume(self, agent_id: str, accept_price: str | None = None) -> None:
        """Start a suspended agent and wait until it runs; a link that ended by its suspension is restored."""

        async def work(client: ElizaCloudClient) -> None:
            provision = await self._at_price(
                lambda price: client.resume(agent_id, accept_price=price), accept_price
            )
            await self._see_through(client, provision.job)
            agent = await wait_until_up(client, agent_id, self._sleep)
            if agent.status != "running":
                raise AgentUnreachable(AGENT_NOT_RESUMED.occurred(agent_status=agent.status))

        await self._calls.with_key(work)
        facts = self._loop.facts
        if facts.reason is Reason.AGENT_SUSPENDED and facts.desired_agent_id == agent_id:
            self._loop.post(events.Reattach(agent_id, accepted_price=accept_price))

    async def restart(self, agent_id: str, accept_price: str | None = None) -> None:
        """Stop an agent and start it again; a link to it is restored.

        The cloud names no price while the agent runs: a start that is refused for money leaves it stopped
        (decisions: A restart stops first).
        """
        facts = self._loop.facts
        price = facts.accepted_price if accept_price is None else accept_price
        await self.suspend(agent_id)
        try:
            if facts.desired_agent_id == agent_id:
                again = events.Connect(agent_id, price, facts.last_backup_at)
                await self._loop.ask(again).ended()
            else:
                await self.resume(agent_id, price)
        except LinkError as error:
            if error.problem.code not in _REFUSED_FOR_MONEY:
                raise
            message = f"{NOT_STARTED_AGAIN} {error.problem.message}"
            raise LinkError(msgspec.structs.replace(error.problem, message=message)) from error

    async def upgrade(self, agent_id: str, quote_id: str, accept_price: str | None = None) -> str:
        """Make a shared agent dedicated; return the id of the dedicated one when it runs.

        Only under the quote of this id: for one that is out of date raises `LinkError` `quote_changed`.
        """

        async def work(client: ElizaCloudClient) -> str:
            quote = await client.upgrade_quote(agent_id)
            if quote.id != quote_id:
                raise QuoteChanged(QUOTE_CHANGED.occurred(said="it has another id now"), quote=quote)
            begun = await self._at_price(
                lambda price: client.upgrade(agent_id, quote, accept_price=price), accept_price
            )
            await self._see_through(client, begun.job)
            return begun.dedicated_agent_id

        return await self._calls.with_key(work)

    async def logs(self, agent_id: str, tail: int) -> str:
        """Return the last lines of an agent's log, when the cloud's job has brought them."""
        return await self._calls.with_key(lambda client: fetch_logs(client, agent_id, self._sleep, tail=tail))

    async def _create(self, client: ElizaCloudClient, new: AgentRequest) -> CreatedAgent:
        async def create(price: str | None) -> CreatedAgent:
            return await client.create_agent(
                new.name,
                new.config,
                new.environment,
                force=new.force,
                dedicated=new.dedicated,
                character_id=new.character_id,
                docker_image=new.docker_image,
                auto_provision=new.auto_provision,
                accept_price=price,
            )

        try:
            return await self._at_price(create, new.accept_price)
        except (TimedOut, Unreachable) as error:
            namesakes = await _agents_named(client, new.name)
            raise LinkError(_uncertain(error.problem, new.name, namesakes)) from error

    async def _without_link(
        self,
        event: events.ShutdownAgent | events.SuspendAgent,
        work: Callable[[ElizaCloudClient], Coroutine[Any, Any, None]],
    ) -> None:
        async def look(client: ElizaCloudClient) -> None:
            try:
                await client.get_agent(event.agent_id)
            except NotFound as error:
                is_done = isinstance(event, events.ShutdownAgent) and error.is_json
                if not is_done:  # an agent that is gone is what a deletion asks for
                    raise

        await self._calls.with_key(look)
        price, last_backup_at = self._loop.facts.accepted_price, self._loop.facts.last_backup_at
        stood = self._loop.facts.state in {LinkState.CONNECTED, LinkState.RECONNECTING}
        reply = await self._loop.ask(event).accepted()
        await self._loop.activities.settled()
        try:
            await self._calls.with_key(work)
        except LinkError:
            nothing_new = self._loop.facts.desired_agent_id is None  # the user asked for no other meanwhile
            if isinstance(reply, Completed) and reply.linked and nothing_new:
                self._loop.post(events.Reattach(event.agent_id, not stood, price, last_backup_at))
            raise

    async def _at_price(self, call: Callable[[str | None], Awaitable[T]], accepted_price: str | None) -> T:
        return await at_price(call, accepted_price, self._settings())

    async def _see_through(self, client: ElizaCloudClient, job: JobRef | None) -> None:
        if job is not None:
            await wait_for_job(client, job, self._sleep)


async def _agents_named(client: ElizaCloudClient, name: str) -> list[dict[str, Any]] | None:
    try:
        return [agent.raw for agent in await client.list_agents() if agent.name == name]
    except CloudError:
        return None


def _uncertain(problem: Problem, name: str, namesakes: list[dict[str, Any]] | None) -> Problem:
    if namesakes is None:
        found = "It is not known whether the agent was created: list your agents before you try again."
    elif namesakes:
        found = f"An agent named “{name}” exists now; it may be this one: look at it before you try again."
    else:
        found = f"No agent named “{name}” exists, so you may try again."
    return msgspec.structs.replace(
        problem,
        message=f"{problem.message} {found}",
        retryable=namesakes == [],
        details={**problem.details, "agentsWithThisName": namesakes},
    )
