"""What a request body may be, and the server's own refusals: always one JSON object."""

import gzip
import io
import json

import pytest

from eliza_cloud.api.http.inputs import MAX_BODY
from eliza_cloud.api.routes import ROUTES
from tests.api.conftest import raw
from tests.harness.service import TOKEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENT = "0b5f0f7e-1111-4222-8333-444455556666"


def refusal(error: str, code: str = "invalid_request") -> dict:
    return {"ok": False, "error": error, "code": code}


BROKEN = refusal("Invalid JSON in request body", "invalid_json")
NO_OBJECT = refusal("Request body must be a JSON object", "invalid_json")


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b"", BROKEN),
        (b"{", BROKEN),
        (b"{'text': 1}", BROKEN),
        (b'{"text": "x"} x', BROKEN),
        (b"agentName=x", BROKEN),
        (b'{"text": "\xff"}', BROKEN),
        (b'{"text": "\\ud800"}', BROKEN),
        (b"\xef\xbb\xbf{}", BROKEN),
        ("{}".encode("utf-16"), BROKEN),
        (b"[" * 200_000, BROKEN),
        (b'{"a":' * 100_000, BROKEN),
        (b'{"a": 1e999}', BROKEN),
        (b"null", NO_OBJECT),
        (b"[]", NO_OBJECT),
        (b'"text"', NO_OBJECT),
        (b"7", NO_OBJECT),
    ],
)
@pytest.mark.parametrize("path", ["/api/cloud/agents", "/api/chat", "/api/chat/stream"])
async def test_a_body_that_is_no_json_object_is_400(idle, path, content, body):
    answer = await idle.call("POST", path, data=content)
    assert (answer.status, await answer.json()) == (400, body)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
async def test_the_content_type_does_not_matter(idle, content_type):
    answer = await idle.call("POST", "/api/chat", data=b"{}", headers={"Content-Type": content_type})
    assert await answer.json() == refusal("text is required")


async def chunks(size):
    for _ in range(size // 65536 + 1):
        yield b" " * 65536


async def test_a_body_over_a_mebibyte_is_413_however_it_is_sent(idle):
    expected = refusal("Request body too large", "body_too_large")
    for data in (io.BytesIO(b" " * (MAX_BODY + 1)), chunks(MAX_BODY)):
        answer = await idle.call("POST", "/api/chat", data=data)
        assert (answer.status, await answer.json()) == (413, expected)


async def test_a_compressed_body_is_not_unpacked(idle):
    packed = gzip.compress(b" " * (MAX_BODY + 1))
    answer = await idle.call("POST", "/api/chat", data=packed, headers={"Content-Encoding": "gzip"})
    expected = refusal("Invalid JSON in request body", "invalid_json")
    assert (answer.status, await answer.json()) == (400, expected)


async def test_a_body_of_exactly_a_mebibyte_is_read(idle):
    content = b'{"text": ""' + b" " * (MAX_BODY - 12) + b"}"
    assert len(content) == MAX_BODY
    answer = await idle.call("POST", "/api/chat", data=io.BytesIO(content))
    assert await answer.json() == refusal("text is required")


async def test_a_body_that_is_not_packed_as_it_says_is_400(idle):
    answer = await idle.call("POST", "/api/chat", data=b"no gzip", headers={"Content-Encoding": "gzip"})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "agentName is required"),
        ({"agentName": None}, "agentName is required"),
        ({"agentName": ""}, "agentName is required"),
        ({"agentName": " \t\n"}, "agentName is required"),
        ({"agentName": 7}, "agentName must be a string of at most 100 characters, but it is a number."),
        ({"agentName": ["x"]}, "agentName must be a string of at most 100 characters, but it is a list."),
        (
            {"agentName": "x" * 101},
            "agentName must be a string of at most 100 characters, but it is a string of 101 characters.",
        ),
        (
            {"agentName": "x", "agentConfig": []},
            "agentConfig must be a JSON object, but it is an empty list.",
        ),
        (
            {"agentName": "x", "agentConfig": "{}"},
            "agentConfig must be a JSON object, but it is a string.",
        ),
        (
            {"agentName": "x", "environmentVars": [["A", "b"]]},
            "environmentVars must be a JSON object, but it is a list.",
        ),
        (
            {"agentName": "x", "environmentVars": {"B": "b", "A": 1, "C": 2}},
            "environmentVars.A must be a string, but it is a number.",
        ),
        (
            {"agentName": "x", "environmentVars": {"A": None}},
            "environmentVars.A must be a string, but it is null.",
        ),
        (
            {"agentName": "x", "forceCreate": "yes"},
            "forceCreate must be true or false, but it is a string.",
        ),
    ],
)
async def test_the_clouds_create_rules_are_checked_before_it_is_called(idle, body, error):
    assert await idle.post("/api/cloud/agents", body) == (400, refusal(error))


@pytest.mark.parametrize(
    "agent_id",
    [
        "agent-id",
        "1",
        AGENT[:-1],
        AGENT + "0",
        AGENT.replace("-", ""),
        "urn:uuid:" + AGENT,
        "..",
        "%2e%2e",
        "%00",
        AGENT + "%0a",
        AGENT + "%2fx",
    ],
)
async def test_an_agent_id_that_is_no_uuid_is_400(idle, agent_id):
    expected = refusal("Invalid agent ID or cloud not connected", "invalid_agent_id")
    for route in ROUTES:
        if "{agent_id}" in route.path:
            head = f"{route.method} {route.path.replace('{agent_id}', agent_id)} HTTP/1.1"
            status, _, body = await raw(idle, f"{head}\nHost: localhost\nX-Api-Key: {TOKEN}\n\n")
            assert (status, json.loads(body)) == (400, expected), head


@pytest.mark.parametrize("backup_id", ["x", 7, [], "", True])
async def test_a_backup_id_that_is_no_uuid_is_400(idle, backup_id):
    status, body = await idle.post(f"/api/cloud/agents/{AGENT}/restore", {"backupId": backup_id})
    assert (status, body["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/cloud/status/", "/api/cloud/login/statusX"])
async def test_an_unknown_path_is_a_json_404(idle, method, path):
    answer = await idle.call(method, path)
    assert (answer.status, await answer.json()) == (
        404,
        refusal(
            "There is nothing at this path. Correct the path; `/docs` lists those of the service.",
            "unknown_path",
        ),
    )


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/api/cloud/status", "GET, HEAD"),
        ("GET", "/api/cloud/login", "POST"),
        ("DELETE", "/api/cloud/agents", "GET, HEAD, POST"),
        ("PATCH", f"/api/cloud/agents/{AGENT}/backups", "GET, HEAD, POST"),
        ("GET", f"/api/cloud/agents/{AGENT}/connect", "POST"),
        ("GET", "/api/chat", "POST"),
    ],
)
async def test_a_wrong_method_is_a_json_405_with_allow(idle, method, path, allow):
    answer = await idle.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)
    assert await answer.json() == refusal(
        f"This path accepts {allow}, not {method}. Use one that the `Allow` header names.",
        "method_not_allowed",
    )


async def test_a_head_request_gets_the_head_of_the_get(idle):
    answer = await idle.call("HEAD", "/api/cloud/status")
    assert (answer.status, await answer.read()) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


async def test_a_client_may_wait_for_100_continue(idle):
    head = f"POST /api/chat HTTP/1.1\nHost: localhost\nX-Api-Key: {TOKEN}\nContent-Length: 2\n"
    assert (await raw(idle, f"{head}Expect: 100-continue\n\n"))[0] == 100
    status, _, _ = await raw(idle, f"{head}Expect: something-else\n\n{{}}")
    assert status == 400


async def test_oversized_heads_are_refused(idle):
    head = f"GET /api/cloud/status HTTP/1.1\nHost: localhost\nX-Api-Key: {TOKEN}\n"
    assert (await raw(idle, head + "X-Long: " + "x" * 9000 + "\n\n"))[0] == 400
    many = "".join(f"X-{number}: x\n" for number in range(80))
    assert (await raw(idle, head + many + "\n"))[0] == 400


async def test_answers_carry_an_id_and_are_neither_cached_nor_sniffed_nor_signed(idle):
    for path in ("/api/cloud/status", "/api/nowhere"):
        answer = await idle.call("GET", path)
        assert len(answer.headers["X-Request-Id"]) == 32
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert "Server" not in answer.headers
