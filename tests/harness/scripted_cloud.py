"""A cloud that does what the test says: a HTTP server with the contract's shapes, nothing behind them."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.harness.cloud_contract import DEAD_SANDBOX, ROUTES, A, B, call_name, error, success

KEY = "eliza_" + "5ec4e7" * 10 + "abcd"
OTHER_KEY = "eliza_" + "07he4a" * 10 + "efgh"

PRICE_HEADER = "X-Eliza-Dedicated-Price"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def ok(data: object, status: int = 200) -> web.Response:
    return web.json_response(success(data), status=status)


def failure(status: int, text: str, **members: object) -> web.Response:
    return web.json_response(error(text, **members), status=status)


class ScriptedCloud:
    """Answers well unless told otherwise.

    `script[name]` is a list of answers used up one by one before the usual one comes back; `always[name]`
    replaces the usual one; `hold(name)` keeps answers back until the gate is set. `calls` lists what came,
    `keys` with which key, `provisioned` the agents started, `prices` the prices that were sent with starts,
    `bodies` and `paths` the last of each name. `price` is what the start of a stopped agent costs; the
    sandbox of an agent in `dead` does not answer until the agent was stopped.
    Names: user, balance, list, get, provision, heartbeat, message, stream, snapshot, backups, restore,
    suspend, resume, delete, create, job, login, poll, revoke, revoke_key.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.keys: list[tuple[str, str | None]] = []
        self.provisioned: list[str] = []
        self.price: str | None = None
        self.prices: list[str | None] = []
        self.dead: set[str] = set()
        self.bodies: dict[str, bytes] = {}
        self.paths: dict[str, str] = {}
        self.script: dict[str, list[web.Response | Answer]] = {}
        self.always: dict[str, web.Response | Answer] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.under_way: dict[str, int] = {}
        self.most_at_once: dict[str, int] = {}
        self.status = {A: "running", B: "running"}
        self._jobs = itertools.count(1)
        self.app = web.Application()
        for method, path, name in ROUTES:
            self.app.router.add_route(method, path, self._handler(name))

    def hold(self, name: str) -> asyncio.Event:
        self.gates[name] = asyncio.Event()
        return self.gates[name]

    def release(self, name: str) -> None:
        self.gates.pop(name).set()

    def count(self, name: str) -> int:
        return self.calls.count(name)

    def keys_of(self, name: str) -> list[str | None]:
        """The keys that calls of this name came with, in order."""
        return [key for called, key in self.keys if called == name]

    def _handler(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            called = call_name(name, json.loads(body)["method"] if name == "bridge" else None)
            self.calls.append(called)
            self.keys.append((called, request.headers.get("X-API-Key")))
            self.bodies[called], self.paths[called] = body, request.path
            self.under_way[called] = self.under_way.get(called, 0) + 1
            self.most_at_once[called] = max(self.most_at_once.get(called, 0), self.under_way[called])
            try:
                if called in self.gates:
                    await self.gates[called].wait()
                answer = self._next_answer(called)
                return await answer(request) if callable(answer) else _copy(answer)
            finally:
                self.under_way[called] -= 1

        return handle

    def _next_answer(self, name: str) -> web.Response | Answer:
        if self.script.get(name):
            return self.script[name].pop(0)
        return self.always.get(name) or getattr(self, f"_{name}")

    async def _user(self, _request: web.Request) -> web.Response:
        return ok({"id": "user-1", "organization": {"id": "org-1", "credit_balance": "25.00"}})

    async def _balance(self, _request: web.Request) -> web.Response:
        return web.json_response({"balance": 25.0})

    async def _list(self, _request: web.Request) -> web.Response:
        return ok([self._agent(agent_id) for agent_id in self.status])

    async def _create(self, request: web.Request) -> web.Response:
        name = (await request.json())["agentName"]
        return ok({"id": A, "agentName": name, "status": "pending", "createdAt": "2026-01-01T00:00:00Z"}, 201)

    async def _get(self, request: web.Request) -> web.Response:
        agent_id = request.match_info["id"]
        if agent_id not in self.status:
            return failure(404, "Agent not found")
        return ok(self._agent(agent_id))

    async def _delete(self, request: web.Request) -> web.Response:
        self.status.pop(request.match_info["id"], None)
        return web.json_response({"success": True})

    async def _provision(self, request: web.Request) -> web.Response:
        agent_id = request.match_info["id"]
        if agent_id not in self.status:
            return failure(404, "Agent not found")
        if (refused := self._refuse_price(request)) is not None:
            return refused
        self.provisioned.append(agent_id)
        if self.status[agent_id] == "stopped":
            self.status[agent_id] = "running"
        return ok({"id": agent_id, "agentName": name_of(agent_id), "status": "running"})

    async def _suspend(self, request: web.Request) -> web.Response:
        agent_id = request.match_info["id"]
        self.status[agent_id] = "stopped"
        self.dead.discard(agent_id)
        return ok({"agentId": agent_id, "action": "suspend", "message": "", "previousStatus": "running"})

    async def _resume(self, request: web.Request) -> web.Response:
        agent_id = request.match_info["id"]
        if (refused := self._refuse_price(request)) is not None:
            return refused
        self.status[agent_id] = "running"
        return ok({"agentId": agent_id, "action": "resume", "message": "", "status": "running"})

    def _refuse_price(self, request: web.Request) -> web.Response | None:
        """Refuse the start of a stopped agent that does not come with the price of the day."""
        sent = request.headers.get(PRICE_HEADER)
        self.prices.append(sent)
        if self.price is None or self.price == sent or self.status[request.match_info["id"]] != "stopped":
            return None
        hourly, start = (float(amount) for amount in self.price.split(":")[2:])
        return failure(
            428,
            "Confirm the price of a dedicated start",
            code="DEDICATED_PRICE_CONFIRMATION_REQUIRED",
            pricing={
                "currency": "USD",
                "hourlyRateUsd": hourly,
                "minimumActivationChargeUsd": start,
                "acceptanceHeader": PRICE_HEADER,
                "acceptanceValue": self.price,
            },
        )

    async def _heartbeat(self, request: web.Request) -> web.Response:
        if request.match_info["id"] in self.dead:
            return heartbeat_dead()
        return web.json_response({"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {"timestamp": 1}})

    async def _message(self, request: web.Request) -> web.Response:
        text = (await request.json())["params"]["text"]
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": {"text": f"You said: {text}"}})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event, data in (("connected", {}), ("chunk", {"text": "hello"}), ("done", {})):
            await response.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())
        return response

    async def _snapshot(self, _request: web.Request) -> web.Response:
        number = self.count("snapshot")
        return ok({"backupId": f"b{number}", "snapshotType": "manual", "sizeBytes": 10, "createdAt": "now"})

    async def _backups(self, _request: web.Request) -> web.Response:
        return ok([])

    async def _restore(self, _request: web.Request) -> web.Response:
        return ok({"restoredFromBackupId": "b1", "snapshotType": "manual", "createdAt": "now"})

    async def _job(self, request: web.Request) -> web.Response:
        job = {"id": request.match_info["id"], "status": "completed", "error": None, "result": {}}
        return web.json_response({"success": True, "data": job, "polling": {"shouldContinue": False}})

    async def _login(self, request: web.Request) -> web.Response:
        session = (await request.json())["sessionId"]
        return web.json_response({"sessionId": session, "status": "pending", "expiresAt": None}, status=201)

    async def _poll(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "pending"})

    async def _revoke(self, _request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _revoke_key(self, _request: web.Request) -> web.Response:
        return html(404)  # only the newest generation has the path

    def _agent(self, agent_id: str) -> dict[str, object]:
        return {"id": agent_id, "agentName": name_of(agent_id), "status": self.status[agent_id]}


def name_of(agent_id: str) -> str:
    return {A: "alpha", B: "beta"}.get(agent_id, "somebody")


def heartbeat_dead() -> web.Response:
    return web.json_response(DEAD_SANDBOX)


def job_started(status: int = 202) -> web.Response:
    created = status == 202
    return web.json_response(
        {
            "success": True,
            "created": created,
            "alreadyInProgress": not created,
            "data": {"jobId": "job-1", "status": "pending"},
            "polling": {"endpoint": "/api/v1/jobs/job-1", "intervalMs": 5000, "expectedDurationMs": 90000},
        },
        status=status,
    )


def job(status: str, interval_ms: int = 5000, **members: object) -> web.Response:
    """How a job stands."""
    under_way = status in {"pending", "in_progress"}
    return web.json_response(
        {
            "success": True,
            "data": {"id": "job-1", "status": status, "error": None, "result": None, **members},
            "polling": {"intervalMs": interval_ms, "shouldContinue": under_way},
        }
    )


def html(status: int) -> web.Response:
    """A server that has no such path."""
    return web.Response(status=status, text="<html>nothing here</html>", content_type="text/html")


async def drop(request: web.Request) -> web.Response:
    """Close the connection instead of an answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def own_session(session_id: str) -> Answer:
    """The next generation's sign-in: the server makes its own id, and can take a collected key back."""

    async def open_session(_request: web.Request) -> web.Response:
        session = {"sessionId": session_id, "status": "pending", "expiresAt": None}
        return web.json_response(session, status=201)

    return open_session


def authenticated(key: str = KEY) -> web.Response:
    return web.json_response(
        {"status": "authenticated", "apiKey": key, "keyPrefix": key[:12], "expiresAt": None}
    )


def _copy(response: web.Response) -> web.Response:
    return web.Response(status=response.status, body=response.body, headers=dict(response.headers))
