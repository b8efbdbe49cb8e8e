"""The whole service over a cloud whose answers are changed on their way: it stays up and says so."""

import asyncio
import contextlib
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.breakable_emulator import breakable_emulator
from tests.faults.fast_service import SHORT, AdjustableTimeouts, fast_service
from tests.fuzz.odd_json import KEY, changed, changes, write
from tests.fuzz.search import searched
from tests.harness.waiting import until

SPEED = 5000
ALLOWED = {200, 201, 202, 400, 401, 402, 403, 404, 409, 429, 502, 503, 504}
SETTINGS = {
    "heartbeat_interval": 100.0,
    "backup_interval": 100.0,
    "login_poll_interval": 50.0,
    "login_request_timeout": 1.0,
    "max_reconnect_attempts": 3,
}
HELLO = {"text": "Hello"}
STEPS: dict[str, tuple[str, str, Any]] = {
    "login": ("POST", "/api/cloud/login", None),
    "credits": ("GET", "/api/cloud/credits", None),
    "agents": ("GET", "/api/cloud/agents", None),
    "create": ("POST", "/api/cloud/agents", {"agentName": "ada", "forceCreate": True}),
    "connect": ("POST", "/api/cloud/agents/{agent}/connect", None),
    "provision": ("POST", "/api/cloud/agents/{agent}/provision", None),
    "suspend": ("POST", "/api/cloud/agents/{agent}/suspend", None),
    "resume": ("POST", "/api/cloud/agents/{agent}/resume", None),
    "shutdown": ("POST", "/api/cloud/agents/{agent}/shutdown", None),
    "backups": ("GET", "/api/cloud/agents/{agent}/backups", None),
    "backup": ("POST", "/api/cloud/agents/{agent}/backups", None),
    "restore": ("POST", "/api/cloud/agents/{agent}/restore", None),
    "chat": ("POST", "/api/chat", HELLO),
    "stream": ("POST", "/api/chat/stream", HELLO),
    "status": ("GET", "/api/cloud/status", None),
    "disconnect": ("POST", "/api/cloud/disconnect", None),
}
#: Most answers are left as they are, or nothing would come of anything.
plans = st.lists(st.one_of(st.just([]), st.just([]), changes), min_size=1, max_size=12)
walks = st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=10)


class Changing:
    """Changes what the cloud answers, call by call, as the plan says; not what is asked behind the stage."""

    def __init__(self) -> None:
        self.begin([[]])

    def begin(self, plan: list[Any]) -> None:
        """Follow this plan from its beginning."""
        self._plan, self._calls = plan, 0

    @web.middleware
    async def middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        response = await handler(request)
        if (
            request.path.startswith("/emulator/")
            or not isinstance(response, web.Response)
            or not response.body
        ):
            return response
        where = self._plan[self._calls % len(self._plan)]
        self._calls += 1
        if where and response.content_type == "application/json" and isinstance(response.body, bytes):
            document = write(changed(json.loads(response.body), where))
            echoed = request.headers.get("X-API-Key", KEY)  # a server can only echo what it was sent
            response.body = document.replace(KEY.encode(), echoed.encode())
        return response


@contextlib.contextmanager
def a_cloud(generation):
    """Give a loop, a cloud that runs in it, and what changes its answers."""
    changing, stack = Changing(), contextlib.AsyncExitStack()
    with asyncio.Runner() as runner:
        cloud = runner.run(stack.enter_async_context(breakable_emulator(generation, changing.middleware)))
        yield runner, cloud, changing
        runner.run(stack.aclose())


async def take_step(cell, step, agent, secret):
    """Make one request; whatever the cloud says, the answer is one of ours."""
    method, path, body = STEPS[step]
    answer = await cell.call(method, path.format(agent=agent), body)
    said = await answer.text()
    assert answer.status in ALLOWED, (step, answer.status, said)
    if answer.content_type == "text/event-stream":
        return
    document = json.loads(said)
    if answer.status >= 400:
        assert document["ok"] is False
        assert document["error"]
        assert document["code"] not in {"internal_error", "runtime_not_started"}
    if step == "backup" and answer.status == 200:
        kinds = {"backupId": str, "sizeBytes": int, "createdAt": str}
        found = document["backup"]
        assert all(found[name] is None or type(found[name]) is kind for name, kind in kinds.items()), found
    assert secret not in said, step


async def begins_a_login(cell):
    return (await cell.call("POST", "/api/cloud/login")).status == 200


async def walk(cloud, changing, directory, plan, steps):
    """Live through a walk with changed answers; then, with answers as they should be, sign out and in."""
    key, timeouts = await cloud.new_key(), AdjustableTimeouts()
    agent = await cloud.new_agent(key, running=True)
    timeouts.now = SHORT
    changing.begin(plan)
    async with fast_service(directory, cloud.base_url("http"), key, timeouts, SETTINGS, speed=SPEED) as cell:
        await take_step(cell, "connect", agent, key)
        for step in steps:
            await take_step(cell, step, agent, key)
            assert cell.manager.running
        assert key not in await (await cell.call("GET", "/api/cloud/status")).text()
        changing.begin([[]])
        status = await cell.call("POST", "/api/cloud/disconnect")
        assert status.status == 200
        assert (await cell.status())["hasApiKey"] is False
        await until(partial(begins_a_login, cell))  # a busy machine may let the hasty clock run out once
        assert cell.manager.running
        assert not cell.logged("runtime.crashed")
        assert not cell.logged("request.failed")
        assert key not in str(cell.log)


def search(how, generation):
    with a_cloud(generation) as (runner, cloud, changing):

        @how
        @given(plans, walks)
        def check(plan, steps):
            with tempfile.TemporaryDirectory() as directory:
                runner.run(walk(cloud, changing, Path(directory), plan, steps))

        check()


@searched(60)
def test_the_service_outlives_whatever_the_first_generation_is_made_to_answer(how):
    search(how, "2026-04")


@searched(60)
def test_the_service_outlives_whatever_the_next_generation_is_made_to_answer(how):
    search(how, "next")
