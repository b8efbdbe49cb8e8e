"""How this service comes to each call of the cloud, and how one sees what came of it."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.breakable_emulator import BreakableEmulator
from tests.faults.fast_service import FastService
from tests.faults.faults import TOLD, WAITS
from tests.harness.waiting import until


@dataclass
class Cell:
    """What a cell of the table works with. `pending` is what waits: a sign-in's id, or a request."""

    cloud: BreakableEmulator
    service: FastService
    key: str
    fault: str
    agent: str = ""
    pending: Any = None

    @property
    def here(self) -> str:
        """The path of the cell's agent."""
        return f"/api/cloud/agents/{self.agent}"


Step = Callable[[Cell], Awaitable[Any]]


# Requests


async def tells(cell: Cell, method: str, path: str, body: Any = None) -> str:
    """Make a request of the local API, and say status and code."""
    return await words(cell, await cell.service.call(method, path, body))


async def words(cell: Cell, answer: Any) -> str:
    """Say status and code of an answer; a failure has a sentence, the cloud's numbers, a `Retry-After`."""
    said = json.loads(await answer.text())
    if answer.status < 300:
        return str(answer.status)
    if answer.url.path.startswith("/v1/"):
        said = said["error"] | {"error": said["error"]["message"], "ok": False}
    assert said["ok"] is False
    sentence = said.get("cause", said["error"])
    assert sentence[0].isupper(), said
    assert sentence.endswith("."), said
    check_what_goes_along(cell, answer, said)
    return f"{answer.status} {said['code']}"


def check_what_goes_along(cell: Cell, answer: Any, said: dict[str, Any]) -> None:
    """Whoever is refused is told what the cloud told: amounts, the price, how long to wait."""
    for name, value in TOLD.get(cell.fault, {}).items():
        assert said[name] == value, said
    wait = WAITS.get(cell.fault) if answer.status in {429, 502, 503} else None
    assert answer.headers.get("Retry-After") == wait


def asks(method: str, path: str, body: Any = None) -> Step:
    """Make a request of the local API; `{agent}` in the path is the cell's agent."""

    async def meet(cell: Cell) -> str:
        return await tells(cell, method, path.format(agent=cell.agent), body)

    return meet


def answers(method: str, path: str, *members: str, body: Any = None, status: int = 200) -> Step:
    """Make the request and assert its status and the members of its answer."""

    async def works(cell: Cell) -> None:
        answer = await cell.service.call(method, path.format(agent=cell.agent), body)
        said = json.loads(await answer.text())
        assert answer.status == status, said
        assert set(members) <= set(said), said

    return works


async def ask_for_credits(cell: Cell) -> str:
    """Ask for the balance: what is wrong is in the body of a 200."""
    answer = await cell.service.call("GET", "/api/cloud/credits")
    said = json.loads(await answer.text())
    assert (said["balance"], said["connected"]) == (None, True)
    words = "a sentence" if said["error"].endswith(".") else said["error"]
    return f"{answer.status}{', rejected' if said.get('authRejected') else ''}: {words}"


HELLO = {"text": "Hello"}
NEW = {"agentName": "new", "dedicated": True, "forceCreate": True}


async def _streamed(cell: Cell) -> tuple[Any, list[dict[str, Any]]]:
    answer = await cell.service.call("POST", "/api/chat/stream", HELLO)
    if answer.content_type != "text/event-stream":
        return answer, []
    parts = (await answer.text()).split("\n\n")
    assert parts.pop() == ""
    return answer, [json.loads(part.removeprefix("data: ")) for part in parts]


async def ask_for_a_stream(cell: Cell) -> str:
    """Say something and read to the end; a failure after the first piece is in the last frame."""
    answer, frames = await _streamed(cell)
    if not frames:
        return await words(cell, answer)
    assert {frame["type"] for frame in frames[:-1]} <= {"token"}
    return "200" if frames[-1]["type"] == "done" else f"200, then {frames[-1]['code']}"


async def streams(cell: Cell) -> None:
    """The stream ends with all that was said."""
    _, frames = await _streamed(cell)
    assert frames[-1]["type"] == "done"
    assert frames[-1]["fullText"] == "".join(frame["text"] for frame in frames[:-1]) != ""


# What a cell begins with


async def an_agent(cell: Cell) -> None:
    """An agent that runs, and another agent's backup."""
    cell.agent = await cell.cloud.new_agent(cell.key, running=True)


async def an_idle_agent(cell: Cell) -> None:
    """An agent nobody has started."""
    cell.agent = await cell.cloud.new_agent(cell.key, running=False)


async def a_link(cell: Cell) -> None:
    """An agent this service is linked to, with a backup."""
    await an_agent(cell)
    assert await tells(cell, "POST", f"{cell.here}/connect") == "200"
    assert await tells(cell, "POST", f"{cell.here}/backups") == "200"


async def a_conversation(cell: Cell) -> None:
    """A linked agent whose cloud streams."""
    if cell.cloud.generation == "next":
        await cell.cloud.share(cell.key)
    cell.agent = await cell.cloud.new_agent(cell.key, running=True, dedicated=False)
    assert await tells(cell, "POST", f"{cell.here}/connect") == "200"


async def a_stopped_agent(cell: Cell) -> None:
    """An agent that was suspended."""
    await an_agent(cell)
    await cell.cloud.control(f"agents/{cell.agent}/sandbox", state="stopped")


async def a_login(cell: Cell) -> None:
    """A sign-in that waits for the browser."""
    cell.pending = json.loads(await (await cell.service.call("POST", "/api/cloud/login")).text())["sessionId"]


async def a_job(cell: Cell) -> None:
    """A connect that waits for its job, which the cloud is too busy to show."""
    await an_idle_agent(cell)
    await cell.cloud.fault("/api/v1/jobs/*", "status", method="GET", status=503)
    cell.pending = asyncio.create_task(cell.service.call("POST", f"{cell.here}/connect"))
    await until(cell.cloud.faults_met)


# What the service does by itself

#: More calls than one backup makes, repetitions included.
SEVERAL = 6


async def watch_the_poll(cell: Cell) -> str:
    """Say how a sign-in stands once its poll has failed twice, or it has ended."""

    async def is_clear() -> bool:
        return cell.service.logged("login.poll_failed") > 1 or await _login(cell) != "pending"

    await until(is_clear)
    return await _login(cell)


async def brings_the_key(cell: Cell) -> None:
    """The browser signs in: the sign-in that waited takes the key; where it has ended, a new one does."""
    if cell.pending is None or await _login(cell) != "pending":
        await a_login(cell)
    await cell.cloud.control("approve", sessionId=cell.pending)

    async def is_in() -> bool:
        return await _login(cell) == "authenticated"

    await until(is_in)
    await until(lambda: cell.service.manager.status().connected)


async def _login(cell: Cell) -> str:
    answer = await cell.service.call("GET", f"/api/cloud/login/status?sessionId={cell.pending}")
    said = json.loads(await answer.text())
    assert ("error" in said) == (said["status"] in {"error", "expired"})
    return str(said["status"])


async def begins(cell: Cell) -> None:
    """A sign-in begins, and leads to a key."""
    await a_login(cell)
    uuid.UUID(cell.pending)
    await brings_the_key(cell)


async def watch_the_key(cell: Cell) -> str:
    """Say what is thought of the key once its check has failed twice, or has ended."""
    manager = cell.service.manager
    await until(lambda: manager.facts.key.value != "unverified" or cell.service.logged("key.unverified") > 1)
    status = await cell.service.status()
    assert (status["hasApiKey"], status.get("reason")) == (True, "api_key_present_not_authenticated")
    return str(manager.facts.key.value)


async def accepts_the_key(cell: Cell) -> None:
    """The key is accepted; a rejected one is asked about again when somebody connects."""
    await an_agent(cell)
    if cell.service.manager.facts.key.value == "rejected":
        await answers("POST", "/api/cloud/agents/{agent}/connect")(cell)
    await until(lambda: cell.service.manager.status().connected)


async def watch_the_heartbeats(cell: Cell) -> str:
    """Say how the link stands once it has changed, or two heartbeats have come back.

    What came back before the fault may still wait for the link, which is let come to rest first.
    """
    await until(lambda: cell.service.manager.is_idle)
    before = cell.service.events["HeartbeatAnswered"]
    await until(
        lambda: cell.service.link() != "connected" or cell.service.events["HeartbeatAnswered"] > before + 1
    )
    return cell.service.link()


async def beats(cell: Cell) -> None:
    """Heartbeats come back; a link that ended in an error is made anew by its user."""
    if cell.service.link().startswith("error"):
        await answers("POST", "/api/cloud/agents/{agent}/connect")(cell)
    await until(lambda: cell.service.link() == "connected")
    before = cell.service.events["HeartbeatAnswered"]
    await until(lambda: cell.service.events["HeartbeatAnswered"] > before + 1)


async def watch_the_timer(cell: Cell) -> str:
    """Say what became of the timer's backups: two that failed, or several that did not.

    A failure counts once the link knows of it; a backup that was taken before the fault may be told of later.
    """

    async def is_clear() -> bool:
        if cell.service.logged("backup.failed"):
            return cell.service.events["BackupFailed"] > 1
        return await cell.cloud.faults_met() > SEVERAL

    await until(is_clear)
    failed = [line for line in cell.service.log if line["event"] == "backup.failed"]
    assert all(line["log_level"] == "warning" and line["code"] and line["detail"] for line in failed)
    return f"warning, timer {failed[1]['timer']}" if len(failed) > 1 else "taken"


async def backs_up(cell: Cell) -> None:
    """Backups are taken, by the timer or, where that has stopped, by hand."""
    if cell.service.manager.facts.backups_refused:
        await answers("POST", "/api/cloud/agents/{agent}/backups", "backup")(cell)
    before = cell.service.events["BackupTaken"]
    await until(lambda: cell.service.events["BackupTaken"] > before + 1)


async def watch_the_job(cell: Cell) -> str:
    """Say what the waiting connect was answered, or that it waits on after three more polls."""
    before = cell.service.clock.armed
    await until(lambda: cell.pending.done() or cell.service.clock.armed > before + 3)
    return await words(cell, await cell.pending) if cell.pending.done() else "waits"


def lets_go(action: str) -> Step:
    """Once the link is settled, the agent can be let go of; one that is gone already counts."""

    async def works(cell: Cell) -> None:
        await until(
            lambda: (
                cell.service.link()
                in {"connected", "disconnected", "disconnected agent_suspended", "error agent_gone"}
            )
        )
        await answers("POST", f"/api/cloud/agents/{{agent}}/{action}", "status")(cell)
        assert cell.service.link() == "disconnected"

    return works


async def links(cell: Cell) -> None:
    """The connect that waited ends well; where it has ended, a new one does."""
    if cell.pending.done():
        await answers("POST", "/api/cloud/agents/{agent}/connect", "agentName")(cell)
    else:
        assert await words(cell, await cell.pending) == "200"
