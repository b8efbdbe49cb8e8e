"""Nothing is open but what the table of routes says, wherever it listens and whatever is added."""

import re

import pytest
from aiohttp import web

from eliza_cloud.api.routes import ROUTES
from tests.harness.processes import CLI, started
from tests.security.guard_rows import AGENT, RIGHT, TOKEN
from tests.security.guarded_service import guarded_service
from tests.security.wire import converse, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = {"GET /api/cloud/status", "GET /api/cloud/login/status", "GET /api/openapi.json"}
OPEN |= {"GET /", "GET /docs", "GET /docs/{page}"}
PROBES = {"GET /healthz", "GET /readyz"}
#: What the calls that need no token are answered here: signed in, not linked, and without a session id.
UNGUARDED = {
    "GET /api/cloud/status": 200,
    "GET /api/cloud/login/status": 400,
    "GET /": 302,
    "GET /docs": 200,
    "GET /docs/{page}": 404,
    "GET /api/openapi.json": 200,
    "GET /healthz": 200,
    "GET /readyz": 503,
}
BODY = b'{"agentName":"a","text":"hi","sessionId":"x","model":"m","prompt":"p","input":"i"}'


def concrete(path: str) -> str:
    """Fill in the parameters of a route's path."""
    return re.sub(r"{[^}]*}", "x", path.replace("{agent_id}", AGENT))


#: Every route of the table, HEAD with each GET.
CALLS = [
    f"{method} {route.path}"
    for route in ROUTES
    for method in ((route.method, "HEAD") if route.method == "GET" else (route.method,))
]


@pytest.mark.parametrize("call", CALLS)
async def test_every_route_of_the_table_is_closed_without_the_token(service, call):
    method, _, path = call.partition(" ")
    before = service.effects()
    for headers in ((), ("Authorization: Bearer wrong",), ("Origin: http://localhost:3000",)):
        body = b"" if method in {"GET", "HEAD"} else BODY
        talk = await converse(service.port, request(f"{method} {concrete(path)}", *headers, body=body))
        status = UNGUARDED.get(call.replace("HEAD", "GET"), 401)
        assert [answer.status for answer in talk.answers] == [status]
        assert status != 401 or service.effects() == before


async def test_every_route_that_is_served_is_called_without_the_token(tmp_path):
    """What the application answers, whoever added it, is what the table calls."""
    served = set()

    def note(app: web.Application) -> None:
        for route in app.router.routes():
            assert route.resource is not None
            served.add(f"{route.method} {route.resource.canonical}")

    with pytest.MonkeyPatch.context() as patch:
        async with guarded_service(tmp_path, patch, extra=note):
            pass
    assert served == {re.sub(r"{(\w+):[^}]*}", r"{\1}", call) for call in CALLS}


async def test_exactly_these_routes_are_open_and_these_are_probes(figure):
    assert {f"{route.method} {route.path}" for route in ROUTES if route.open} == OPEN
    assert {f"{route.method} {route.path}" for route in ROUTES if route.probe} == PROBES
    assert set(UNGUARDED) == OPEN | PROBES
    figure(
        f"guard: {len(CALLS)} calls from the table of {len(ROUTES)} routes without a token,"
        f" {len(OPEN)} routes open on loopback, {len(PROBES)} probes"
    )


async def test_a_route_that_is_added_later_is_closed(tmp_path):
    """Beside the table, under an open path, and even one whose name is that of an open one."""
    served = []

    async def handler(given: web.Request) -> web.Response:
        served.append(given.path)
        return web.json_response({"ok": True})

    def add(app: web.Application) -> None:
        for path in ("/api/new", "/api/cloud/status/more", "/metrics/more", "/openapi.json", "/ui/{rest:.*}"):
            app.router.add_get(path, handler)
        app.router.add_post("/api/cloud/login/status", handler)
        for prefix in ("/inner", "/api/cloud2"):
            inner = web.Application()
            inner.router.add_get("/status", handler)
            app.add_subapp(prefix, inner)

    calls = [
        *("GET /api/new", "GET /api/cloud/status/more", "GET /metrics/more", "GET /openapi.json"),
        *("GET /ui/../api/cloud/status", "GET /ui/x", "POST /api/cloud/login/status"),
        *("GET /inner/status", "GET /api/cloud2/status"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        async with guarded_service(tmp_path, patch, extra=add) as service:
            for call in calls:
                talk = await converse(service.port, request(call))
                assert [answer.status for answer in talk.answers] == [401], call
            assert served == []
            for call in calls:
                assert (await converse(service.port, request(call, RIGHT))).answers[0].status == 200, call
            assert len(served) == len(calls)


@pytest.mark.parametrize(
    ("host", "variables"),
    [
        ("0.0.0.0", {}),
        ("::", {"ELIZA_API_TOKEN": "   "}),
        ("192.0.2.1", {"ELIZA_API_TOKEN": TOKEN[:31]}),
        ("0.0.0.0", {"ELIZA_API_TOKEN": f"  {TOKEN[:31]}  "}),
        ("0.0.0.0", {"ELIZA_API_TOKEN": "é" * 40}),
    ],
    ids=["none", "blank", "31 characters", "31 and blanks", "not ASCII"],
)
async def test_listening_to_others_demands_a_long_token_of_its_own(tmp_path, host, variables):
    """Also where the state directory has a token file: that one nobody chose for others."""
    (tmp_path / "api-token").write_text(f"{TOKEN}\n")
    environ = {"ELIZA_STATE_DIR": str(tmp_path), "HOME": str(tmp_path), "PYTHONUTF8": "1", **variables}
    async with started(*CLI, "serve", "--port", "0", "--host", host, env=environ) as process:
        out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert b"ELIZA_API_TOKEN" in err
    assert TOKEN[:20].encode() not in err
    assert b"Traceback" not in err
