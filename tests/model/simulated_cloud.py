"""A cloud behind the client: each call parks until somebody decides how it is answered.

It stands in for `aiohttp.ClientSession.request`, the one door through which the real client reaches the
network, so that thousands of interleavings run in seconds and each of them can be had again. The client above
it is the real one, its timeouts and reading included. What sockets do is for the tests of `cloud` and
`runtime`.

It is not the harness's `ScriptedCloud` because that one needs sockets, which a virtual loop does not have;
both take routes and shapes of answers from `tests.harness.cloud_contract`.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import IO, Any

import aiohttp
from yarl import URL

from eliza_cloud.runtime.cloud_session import CloudSession
from tests.harness.cloud_contract import AGENTS, DEAD_SANDBOX, ROUTES, B, call_name, error, success

BASE_URL = "http://127.0.0.1:9"
PRICE_HEADER = "X-Eliza-Dedicated-Price"
PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"
OTHER_PRICE = "dedicated-compute-v1:USD:0.500000:1.000000"
QUOTE = "f" * 64
#: What the model's callers never ask for.
_NOT_MODELLED = {"create", "stream"}


def _pattern(method: str, path: str) -> re.Pattern[str]:
    path = path.replace(AGENTS, "/api/v1/(?:eliza|milady|milaidy)/agents").replace("{id}", "([^/]+)")
    return re.compile(f"{method} {path}$")


_ROUTES = [(_pattern(method, path), name) for method, path, name in ROUTES if name not in _NOT_MODELLED]


class Response:
    """What the client reads of an answer."""

    def __init__(self, status: int, document: object = None, *, retry_after: int | None = None) -> None:
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.body = b"<html></html>" if document is None else json.dumps(document).encode()
        self.content_length = len(self.body)
        self.content = self
        self.was_read = False

    async def iter_any(self) -> AsyncIterator[bytes]:
        self.was_read = True
        yield self.body

    def close(self) -> None:
        pass


class Call:
    """A request that is under way: what it asks, of whom, with which key, and which task makes it."""

    def __init__(
        self, name: str, about: str, key: str | None, price: str | None, *, owner: str, body: IO[bytes] | None
    ) -> None:
        self.sent = json.load(body) if body else {}
        self.name = call_name(name, self.sent.get("method"))
        self.about = about
        self.key = key
        self.price = price
        self.owner = owner
        self.answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        return f"<{self.name} {self.about[:4]} by {self.owner}>"


def usual(call: Call) -> Response:
    """Return the answer of a cloud on a good day."""
    return _GOOD[call.name](call)


def ok(data: object, status: int = 200, **members: object) -> Response:
    return Response(status, success(data, **members))


def failed(status: int, text: str, retry_after: int | None = None, **members: object) -> Response:
    return Response(status, error(text, **members), retry_after=retry_after)


def priced(call: Call, price: str = PRICE) -> Response:
    """Start only what comes with the price."""
    if call.price == price:
        return usual(call)
    hourly, start = map(float, price.split(":")[2:])
    pricing = {
        "currency": "USD",
        "hourlyRateUsd": hourly,
        "minimumActivationChargeUsd": start,
        "acceptanceHeader": PRICE_HEADER,
        "acceptanceValue": price,
    }
    code = "DEDICATED_PRICE_CONFIRMATION_REQUIRED"
    return Response(428, error("Confirm the price", code=code, pricing=pricing))


def job(call: Call, status: int = 202) -> Response:
    return ok({"jobId": f"job-{call.about}", "status": "pending"}, status, polling={"intervalMs": 5000})


def job_is(state: str) -> Response:
    going_on = state == "in_progress"
    return ok(
        {"id": "job", "status": state, "error": None, "result": {}}, polling={"shouldContinue": going_on}
    )


def agent_is(call: Call, status: str) -> Response:
    return ok({"id": call.about, "agentName": f"agent {call.about[:1]}", "status": status})


def dead() -> Response:
    return Response(200, DEAD_SANDBOX)


_GOOD: dict[str, Callable[[Call], Response]] = {
    "user": lambda _: ok({"id": "user", "organization": {"id": "org"}}),
    "balance": lambda _: Response(200, {"balance": 5.0}),
    "list": lambda _: ok([]),
    "get": lambda call: agent_is(call, "running"),
    "delete": lambda _: Response(200, {"success": True}),
    "provision": lambda call: agent_is(call, "running"),
    "suspend": lambda call: ok({"agentId": call.about}),
    "resume": lambda call: agent_is(call, "running"),
    "heartbeat": lambda _: Response(200, {"jsonrpc": "2.0", "method": "heartbeat.ack"}),
    "message": lambda _: Response(200, {"jsonrpc": "2.0", "result": {"text": "hello"}}),
    "snapshot": lambda _: ok({"backupId": "b", "sizeBytes": 1, "createdAt": "now"}),
    "backups": lambda _: ok([]),
    "restore": lambda _: ok({"restoredFromBackupId": "b", "createdAt": "now"}),
    "job": lambda _: job_is("completed"),
    "login": lambda call: Response(201, {"sessionId": call.sent["sessionId"], "status": "pending"}),
    "poll": lambda _: Response(200, {"status": "pending"}),
    "revoke": lambda _: Response(204, {}),
    "revoke_key": lambda _: Response(200, {"success": True}),
    "quote": lambda call: ok(
        {
            "quoteId": QUOTE,
            "sourceAgentId": call.about,
            "hourlyRateUsd": 0.01,
            "minimumActivationChargeUsd": 0.02,
            "canActivate": True,
        }
    ),
    "upgrade": lambda call: ok({"dedicatedAgentId": B, "sharedAgentId": call.about, "status": "running"}),
}


class SimulatedCloud:
    """`by_itself` answers what it returns a response for, at once; the rest parks in `parked`.

    `on_call` is told of each call as it is made. `calls` counts them.
    """

    def __init__(self, on_call: Callable[[Call], None]) -> None:
        self.parked: list[Call] = []
        self.calls = 0
        self.closed = False
        self.by_itself: Callable[[Call], Response | None] = lambda _: None
        self._on_call = on_call

    async def request(
        self, method: str, url: URL, *, data: IO[bytes] | None, headers: dict[str, str], **_ways: Any
    ) -> Response:
        assert not self.closed, "a call after the last"
        call = _read_call(method, url, data, headers)
        self.calls += 1
        self.parked.append(call)
        self._on_call(call)
        try:
            await asyncio.sleep(0)
            by_itself = self.by_itself(call)
            return await call.answer if by_itself is None else by_itself
        finally:
            self.parked.remove(call)
            if call.answer.done() and not call.answer.cancelled():
                call.answer.exception()  # an answer that came in the moment its caller left is nobody's

    @property
    def waiting(self) -> list[Call]:
        """The calls that have no answer yet."""
        return [call for call in self.parked if not call.answer.done()]

    async def close(self) -> None:
        self.closed = True
        for call in self.waiting:
            assert call.name == "message", f"{call!r} is under way when the session is closed"
            cut(call)  # a conversation belongs to its caller, and ends with the connection


def cut(call: Call) -> None:
    """Close the connection instead of an answer."""
    call.answer.set_exception(aiohttp.ServerDisconnectedError())


def session_with(cloud: SimulatedCloud) -> CloudSession:
    """Make the way to a scripted cloud."""
    # of a session, the client uses `request` alone
    return CloudSession(BASE_URL, allow_loopback=True, session=cloud)  # type: ignore[arg-type]


def _read_call(method: str, url: URL, data: IO[bytes] | None, headers: dict[str, str]) -> Call:
    for pattern, name in _ROUTES:
        if found := pattern.match(f"{method} {url.path}"):
            about = found[1] if pattern.groups else ""
            task = asyncio.current_task()
            owner = task.get_name() if task else ""
            return Call(
                name, about, headers.get("X-API-Key"), headers.get(PRICE_HEADER), owner=owner, body=data
            )
    raise AssertionError(f"the contract knows no {method} {url.path}")
