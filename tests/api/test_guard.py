"""Who gets in: every combination of Host, Origin and token that matters, sent as raw bytes."""

import json

import pytest

from eliza_cloud.api.routes import ROUTES
from tests.api.conftest import raw, request
from tests.harness.service import TOKEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENT = "0b5f0f7e-1111-4222-8333-444455556666"
RIGHT = f"Authorization: Bearer {TOKEN}"


GOOD_HOSTS = (
    "localhost",
    "localhost:31337",
    "LOCALHOST:2138",
    "127.0.0.1",
    "127.0.0.1:9999",
    "[::1]",
    "[::1]:31337",
    "::1",
    "eliza.example",
    "ELIZA.EXAMPLE:80",
)
BAD_HOSTS = (
    "",
    "attacker.localhost",
    "localhost.attacker.example",
    "localhost.",
    "notlocalhost",
    "127.0.0.1.attacker.example",
    "127.0.0.2",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "0.0.0.0:31337",
    "192.168.1.20",
    "10.0.0.1:31337",
    "[::]",
    "[::ffff:127.0.0.1]",
    "::1:31337",
    "localhost:31337:1",
    "localhost:port",
    "user@localhost",
    "localhost@attacker.example",
    "localhost/x",
    "localhost#x",
    "localhost, attacker.example",
    "evil.example",
    "xn--lcalhost-8va",
    "l\xf6calhost",
)


@pytest.mark.parametrize("host", GOOD_HOSTS)
async def test_known_hosts_are_served(idle, host):
    status, _, _ = await raw(idle, request("GET /api/cloud/status", host=f"Host: {host}"))
    assert status == 200


@pytest.mark.parametrize("host", BAD_HOSTS)
@pytest.mark.parametrize("token", [RIGHT, "X-Nothing: x"])
async def test_unknown_hosts_are_refused_even_with_the_token(idle, host, token):
    status, _, body = await raw(idle, request("GET /api/cloud/status", token, host=f"Host: {host}"))
    assert status == 403
    error = "Host not allowed. Use its address, or add the name to `ELIZA_ALLOWED_HOSTS`."
    assert json.loads(body) == {"ok": False, "error": error, "code": "host_not_allowed"}


async def test_row_42_a_missing_host_is_refused(idle):
    for version in ("1.0", "1.1"):
        status, _, body = await raw(idle, f"GET /api/cloud/status HTTP/{version}\n{RIGHT}\n\n")
        assert status in {400, 403}, body


async def test_two_hosts_are_refused(idle):
    status, _, _ = await raw(idle, request("GET /api/cloud/status", RIGHT, "Host: localhost"))
    assert status in {400, 403}


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost:31337/api/cloud/status", 200),
        ("http://attacker.example/api/cloud/status", 403),
        ("//attacker.example/api/cloud/status", 401),
    ],
)
async def test_the_authority_of_the_request_line_counts_like_the_host(idle, target, status):
    assert (await raw(idle, request(f"GET {target}")))[0] == status


async def test_connect_is_no_way_around(idle):
    assert (await raw(idle, request("CONNECT attacker.example:443", RIGHT)))[0] == 403


GOOD_ORIGINS = (
    "http://localhost",
    "http://localhost:3000",
    "https://localhost:8443",
    "http://127.0.0.1:31337",
    "https://127.0.0.1",
    "http://[::1]:5173",
    "https://app.example",
)
BAD_ORIGINS = (
    "null",
    "",
    "https://attacker.example",
    "http://localhost.attacker.example",
    "http://attacker.localhost",
    "http://localhost@attacker.example",
    "http://localhost:3000@attacker.example",
    "http://127.0.0.1.attacker.example",
    "http://127.0.0.2",
    "http://0.0.0.0:31337",
    "http://192.168.1.20",
    "http://[::]",
    "file://",
    "file://localhost",
    "ftp://localhost",
    "chrome-extension://localhost",
    "localhost",
    "http://localhost/path",
    "http://localhost:",
    "http://app.example",
    "https://app.example:444",
    "https://sub.app.example",
    "http://localhost https://attacker.example",
    "http://localhost, https://attacker.example",
)


@pytest.mark.parametrize("origin", GOOD_ORIGINS)
async def test_known_origins_are_served_and_echoed(idle, origin):
    _, headers, _ = await raw(idle, request("GET /api/cloud/agents", RIGHT, f"Origin: {origin}"))
    assert headers["access-control-allow-origin"] == origin
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", BAD_ORIGINS)
@pytest.mark.parametrize("token", [RIGHT, "X-Nothing: x"])
async def test_foreign_origins_are_refused_even_with_the_token(idle, origin, token):
    status, headers, body = await raw(idle, request("GET /api/cloud/status", token, f"Origin: {origin}"))
    assert status == 403
    assert json.loads(body) == {"ok": False, "error": "Origin not allowed", "code": "origin_not_allowed"}
    assert "access-control-allow-origin" not in headers


async def test_two_origins_are_refused(idle):
    origins = ("Origin: http://localhost", "Origin: http://localhost")
    assert (await raw(idle, request("GET /api/cloud/status", RIGHT, *origins)))[0] == 403


async def test_a_preflight_is_answered_for_known_origins_only(idle):
    ask = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization")
    status, headers, body = await raw(
        idle, request("OPTIONS /api/cloud/agents", "Origin: http://localhost:3000", *ask)
    )
    assert (status, body) == (204, b"")
    assert headers["access-control-allow-methods"] == "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    assert set(headers["access-control-allow-headers"].split(", ")) >= {"Authorization", "X-Eliza-Token"}
    assert headers["access-control-allow-origin"] == "http://localhost:3000"
    for origin in ("https://attacker.example", "null"):
        status, _, _ = await raw(idle, request("OPTIONS /api/cloud/agents", f"Origin: {origin}", *ask))
        assert status == 403
    assert (await raw(idle, request("OPTIONS /api/cloud/agents", *ask)))[0] == 401


RIGHT_TOKENS = (
    f"Authorization: Bearer {TOKEN}",
    f"authorization: bearer {TOKEN}",
    f"AUTHORIZATION: BEARER {TOKEN}",
    f"Authorization: Bearer   {TOKEN}  ",
    f"X-Eliza-Token: {TOKEN}",
    f"x-api-key: {TOKEN}",
    f"Authorization: Basic eDp5\nX-Api-Key: {TOKEN}",
)
WRONG_TOKENS = (
    "X-Nothing: x",
    "Authorization:",
    "Authorization: Bearer",
    "Authorization: Bearer ",
    f"Authorization: {TOKEN}",
    f"Authorization: Basic {TOKEN}",
    f"Authorization: Token {TOKEN}",
    f"Authorization: Bearer{TOKEN}",
    f"Authorization: Bearer {TOKEN}x",
    f"Authorization: Bearer {TOKEN[:-1]}",
    f"Authorization: Bearer {TOKEN.upper()}",
    f'Authorization: Bearer "{TOKEN}"',
    f"Authorization: Bearer {TOKEN}, Bearer {TOKEN}",
    f"Authorization: Bearer {TOKEN}\xff",
    "Authorization: Bearer <secret>",
    "X-Eliza-Token: null",
    "X-Api-Key: undefined",
    f"X-Api-Token: {TOKEN}",
    f"X-Auth-Token: {TOKEN}",
    f"Proxy-Authorization: Bearer {TOKEN}",
    f"Cookie: token={TOKEN}",
    "X-Forwarded-For: 127.0.0.1",
)


@pytest.mark.parametrize("header", RIGHT_TOKENS)
async def test_the_token_opens_through_each_of_its_headers(idle, header):
    assert (await raw(idle, request("GET /api/cloud/credits", header)))[0] == 200


@pytest.mark.parametrize("header", WRONG_TOKENS)
async def test_anything_else_is_401(idle, header):
    status, headers, body = await raw(idle, request("GET /api/cloud/credits", header))
    assert status == 401
    assert json.loads(body) == {"ok": False, "error": "Unauthorized", "code": "unauthorized"}
    assert headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("query", [f"?token={TOKEN}", f"?api_key={TOKEN}", f"?access_token={TOKEN}"])
async def test_the_token_is_never_taken_from_the_url(idle, query):
    assert (await raw(idle, request(f"GET /api/cloud/credits{query}")))[0] == 401


OPEN = ("GET /api/cloud/status", "GET /api/cloud/login/status?sessionId=x")


async def test_only_two_routes_and_the_reference_are_open():
    assert [f"{route.method} {route.path}" for route in ROUTES if route.open] == [
        "GET /api/cloud/status",
        "GET /api/cloud/login/status",
        "GET /",
        "GET /docs",
        "GET /docs/{page}",
        "GET /api/openapi.json",
    ]


CLOSED = [route for route in ROUTES if not (route.open or route.probe)]


@pytest.mark.parametrize("route", CLOSED, ids=lambda route: route.path)
async def test_every_other_route_is_closed(idle, route):
    path = route.path.replace("{agent_id}", AGENT)
    assert (await raw(idle, request(f"{route.method} {path}")))[0] == 401


@pytest.mark.parametrize("head", [*OPEN, "HEAD /api/cloud/status"])
async def test_open_routes_need_no_token_and_mind_no_wrong_one(idle, head):
    assert (await raw(idle, request(head)))[0] == 200
    if not head.startswith("HEAD"):
        assert (await raw(idle, request(head, "Authorization: Bearer wrong")))[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        "POST /api/cloud/status",
        "PUT /api/cloud/status",
        "DELETE /api/cloud/login/status",
        "OPTIONS /api/cloud/status",
        "TRACE /api/cloud/status",
        "GET /api/cloud/status/",
        "GET /api/cloud/statusX",
        "GET /api/cloud/login/statusX",
        "GET /api/cloud/login/status/x",
        "GET /API/cloud/status",
        "GET /api/cloud/Status",
        "GET //api/cloud/status",
        "GET /api//cloud/status",
        "GET /api/cloud/status/../agents",
        "GET /api/cloud/status/..%2fagents",
        "GET /api/cloud/status%2f..%2fagents",
        "GET /api/cloud/status%00",
        "GET /api/cloud/status;x",
        "GET /api/cloud/status%20",
        "GET /api/cloud/agents?/api/cloud/status",
        "GET /api/cloud/agents/..%2fstatus/backups",
        "GET /api",
        "GET /favicon.ico",
    ],
)
async def test_look_alikes_of_open_routes_are_closed(idle, head):
    assert (await raw(idle, request(head)))[0] == 401


async def test_host_is_judged_before_origin_and_origin_before_token(idle):
    async def code(*headers, host="Host: localhost"):
        return json.loads((await raw(idle, request("GET /api/cloud/agents", *headers, host=host)))[2])["code"]

    assert await code("Origin: null", host="Host: evil.example") == "host_not_allowed"
    assert await code("Origin: null") == "origin_not_allowed"
    assert await code() == "unauthorized"
