"""What the newest generation brought: calls about agents that the others do not have, or not for everyone."""

import json

from tests.faults.endpoint import Endpoint
from tests.faults.faults import FAULTS
from tests.faults.steps import Cell, a_link, an_agent, answers, asks, tells
from tests.harness.waiting import until

HERE = "/api/cloud/agents/{agent}"
RENAMED = {"agentName": "grace"}
LOSS = {"acceptStateLoss": True}


async def a_shared_agent(cell: Cell) -> None:
    """An agent without a container of its own, and the quote for one."""
    cell.agent = await cell.cloud.new_agent(cell.key, running=True, dedicated=False)
    cell.pending = await _quote(cell)


async def _quote(cell: Cell) -> str:
    answer = await cell.service.call("GET", f"{cell.here}/upgrade")
    quote: str = json.loads(await answer.text())["quote"]["quoteId"]
    return quote


async def _upgrade(cell: Cell) -> str:
    return await tells(cell, "POST", f"{cell.here}/upgrade", {"quoteId": cell.pending})


async def upgrades(cell: Cell) -> None:
    """The agent becomes dedicated; where an upgrade has begun already, the quote changes until it ends."""

    async def is_done() -> bool:
        cell.pending = await _quote(cell)
        said = await _upgrade(cell)
        assert said in {"200", "409 quote_changed"}
        return said == "200"

    await until(is_done)


async def restarts(cell: Cell) -> None:
    """The agent is restarted, and what was linked to it is linked again."""
    await until(lambda: cell.service.link() not in {"connecting", "reconnecting"})
    await answers("POST", f"{HERE}/restart", "status")(cell)


async def is_deleted(cell: Cell) -> None:
    """Once the link is settled, the agent is deleted; one that is gone already counts."""
    await until(lambda: cell.service.link() in {"connected", "disconnected", "error agent_gone"})
    await answers("POST", f"{HERE}/shutdown", "status", body=LOSS)(cell)
    assert cell.service.link() == "disconnected"


NEWEST: dict[str, Endpoint] = {
    "rename": Endpoint(
        "asked",
        "PATCH",
        "*/agents/*",
        asks("PATCH", HERE, RENAMED),
        answers("PATCH", HERE, "agentName", body=RENAMED),
        an_agent,
    ),
    "logs": Endpoint(
        "asked",
        "GET",
        "*/logs",
        asks("GET", f"{HERE}/logs"),
        answers("GET", f"{HERE}/logs", "logs"),
        an_agent,
    ),
    "quote": Endpoint(
        "asked",
        "GET",
        "*/upgrade-tier",
        asks("GET", f"{HERE}/upgrade"),
        answers("GET", f"{HERE}/upgrade", "quote"),
        a_shared_agent,
    ),
    "upgrade": Endpoint(
        "asked",
        "POST",
        "*/upgrade-tier",
        _upgrade,
        upgrades,
        a_shared_agent,
        faults=FAULTS.keys() - {"409 with a job"},  # that job costs, which changes the quote
    ),
    "delete with its state": Endpoint(
        "letting go", "DELETE", "*/agents/*", asks("POST", f"{HERE}/shutdown", LOSS), is_deleted, a_link
    ),
    "stop of a restart": Endpoint(
        "letting go", "POST", "*/suspend", asks("POST", f"{HERE}/restart"), restarts, a_link
    ),
    "start of a restart": Endpoint(
        "linking", "POST", "*/provision", asks("POST", f"{HERE}/restart"), restarts, a_link
    ),
    "restart without a link": Endpoint(
        "asked", "POST", "*/resume", asks("POST", f"{HERE}/restart"), restarts, an_agent
    ),
}
