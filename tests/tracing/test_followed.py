"""One id, from the caller through our log to the header at the cloud."""

import asyncio
import re

import pytest

from eliza_cloud.cli.main import main
from tests.harness.waiting import until
from tests.tracing.conftest import TOKEN, raw

MINE = "mine.2026-11-23_1"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
TRACED = {
    "X-Request-Id": MINE,
    "traceparent": f"00-{TRACE}-{SPAN}-03",
    "tracestate": "vendor=opaque",
}


async def test_an_answer_has_the_id_it_was_asked_with(service):
    answer = await service.call("GET", "/api/cloud/status", headers={"X-Request-Id": MINE})
    assert answer.headers.getall("X-Request-Id") == [MINE]
    made = await service.call("GET", "/api/cloud/status")
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["X-Request-Id"])
    (first, second) = service.lines("request.answered")
    assert (first["request_id"], second["request_id"]) == (MINE, made.headers["X-Request-Id"])
    assert re.fullmatch(r"[0-9a-f]{32}", first["trace_id"])
    assert first["trace_id"] != second["trace_id"]


async def test_a_refused_request_has_its_id_too(service):
    for path, headers in (("/api/nowhere", {}), ("/api/cloud/status", {"Host": "evil.example"})):
        answer = await service.call("GET", path, headers={"X-Request-Id": MINE, **headers})
        assert answer.status in {403, 404}
        assert answer.headers["X-Request-Id"] == MINE


async def test_a_connect_is_followed_all_the_way(service, cloud):
    agent_id = await service.agent()
    since = len(cloud.arrived)
    answer = await service.call("POST", f"/api/cloud/agents/{agent_id}/connect", headers=TRACED)
    assert (answer.status, answer.headers["X-Request-Id"]) == (200, MINE)
    calls = cloud.arrived[since:]
    asked = {call.path.rpartition("/")[2] for call in calls if call.request_id == MINE}
    assert {"provision", agent_id, "bridge"} <= asked
    assert any("/jobs/" in call.path for call in calls if call.request_id == MINE)
    for call in calls:
        if call.request_id == MINE:
            assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-03", call.headers["traceparent"])
            assert call.headers["tracestate"] == "vendor=opaque"
    spans = [call.span_id for call in calls]
    assert len({SPAN, *spans}) == 1 + len(spans)
    moves = [(line["to"], line["request_id"], line["trace_id"]) for line in service.lines("link.transition")]
    assert moves[-2:] == [("connecting", MINE, TRACE), ("connected", MINE, TRACE)]


async def test_heartbeats_have_ids_of_their_own(serve, cloud):
    service = await serve({"cloud": {"bridge": {"heartbeatIntervalMs": 1000}}})
    agent_id = await service.agent()
    await service.call("POST", f"/api/cloud/agents/{agent_id}/connect", headers=TRACED)
    since = len(cloud.arrived)
    await until(lambda: sum(call.path.endswith("/bridge") for call in cloud.arrived[since:]) >= 2)
    beats = [call for call in cloud.arrived[since:] if call.path.endswith("/bridge")]
    assert len({MINE, *(call.request_id for call in beats)}) == 1 + len(beats)
    assert len({TRACE, *(call.trace_id for call in beats)}) == 1 + len(beats)
    assert all("tracestate" not in call.headers for call in beats)


async def test_a_backup_that_was_asked_for_is_followed(service, cloud):
    agent_id = await service.linked_agent()
    since = len(cloud.arrived)
    answer = await service.call("POST", f"/api/cloud/agents/{agent_id}/backups", headers=TRACED)
    assert answer.status < 300
    (taken,) = [call for call in cloud.arrived[since:] if call.path.endswith("/snapshot")]
    assert (taken.request_id, taken.trace_id) == (MINE, TRACE)


async def test_a_chat_stream_is_followed(service, cloud):
    await service.linked_agent()
    since = len(cloud.arrived)
    answer = await service.call("POST", "/api/chat/stream", {"text": "hello"}, headers=TRACED)
    assert (answer.status, answer.headers["X-Request-Id"]) == (200, MINE)
    (call,) = [call for call in cloud.arrived[since:] if call.path.endswith("/stream")]
    assert (call.request_id, call.trace_id) == (MINE, TRACE)
    (line,) = [line for line in service.lines("request.answered") if line["route"] == "/api/chat/stream"]
    assert (line["request_id"], line["trace_id"]) == (MINE, TRACE)


async def test_the_gateway_tells_the_cloud_and_a_remote_service_but_no_provider(
    serve, cloud, provider, tmp_path
):
    remote, other = await provider("remote"), await provider("other")
    service = await serve(
        {
            "serviceRouting": {
                "llmText": {"backend": "elizacloud", "transport": "cloud-proxy"},
                "embeddings": {"transport": "remote", "remoteApiBase": remote.url},
                "rpc": {"backend": "other", "transport": "direct"},
            },
            "providers": {"other": {"baseUrl": other.url, "rpc": True}},
            "env": {"OTHER_API_KEY": "sk-canary-0123456789"},
        }
    )
    chat = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    await service.call("POST", "/v1/chat/completions", chat, headers=TRACED)
    (call,) = [call for call in cloud.arrived if call.path.endswith("/chat/completions")]
    assert (call.request_id, call.trace_id, call.headers["tracestate"]) == (MINE, TRACE, "vendor=opaque")

    await service.call("POST", "/v1/embeddings", {"model": "m", "input": "x"}, headers=TRACED)
    (asked,) = remote.asked
    assert asked.headers["X-Request-Id"] == MINE
    assert asked.headers["traceparent"].startswith(f"00-{TRACE}-")

    await service.call("POST", "/rpc/ethereum", {"jsonrpc": "2.0", "id": 1, "method": "x"}, headers=TRACED)
    (asked,) = other.asked
    assert not {"x-request-id", "traceparent", "tracestate"} & {name.lower() for name in asked.headers}


async def test_requests_at_the_same_time_are_not_mixed_up(service, cloud):
    await service.linked_agent()
    since = len(cloud.arrived)
    names = [f"request-{number}" for number in range(20)]
    await asyncio.gather(
        *(service.call("POST", "/api/chat", {"text": name}, headers={"X-Request-Id": name}) for name in names)
    )
    lines = [line for line in service.lines("request.answered") if line["path"] == "/api/chat"]
    assert sorted(line["request_id"] for line in lines) == sorted(names)
    traces = {line["request_id"]: line["trace_id"] for line in lines}
    chats = {call.request_id: call.trace_id for call in cloud.arrived[since:] if call.request_id in traces}
    assert chats == traces


async def test_an_id_with_a_secret_in_it_goes_nowhere(service, cloud):
    await service.linked_agent()
    for secret in (TOKEN, cloud.key, cloud.key[10:50]):
        since = len(cloud.arrived)
        headers = {"X-Request-Id": f"x.{secret}", "traceparent": f"00-{cloud.key[6:38]}-{SPAN}-01"}
        answer = await service.call("POST", "/api/chat", {"text": "hello"}, headers=headers)
        assert answer.status == 200
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
        (call,) = [call for call in cloud.arrived[since:] if call.path.endswith("/bridge")]
        assert call.request_id == answer.headers["X-Request-Id"]
        assert call.trace_id != cloud.key[6:38]
        assert secret.encode() not in service.written.getvalue()


@pytest.mark.parametrize(
    "request_text",
    [
        "GET / HTTP/1.1\nHost: localhost\nX-Request-Id: canary\nBad Header\n\n",
        "GET / HTTP/1.1\nHost: localhost\nX-Request-Id: canary\nX-Long: " + "x" * 9000 + "\n\n",
    ],
)
async def test_what_is_no_request_gets_an_id_that_was_made_up(service, request_text):
    answer = await raw(service, request_text.replace("\n", "\r\n"))
    assert answer.startswith("HTTP/1.0 400 ")
    (given,) = re.findall(r"(?im)^x-request-id: ([0-9a-f]{32})\r$", answer)
    (malformed,) = service.lines("request.malformed")
    (answered,) = service.lines("request.answered")
    assert malformed["request_id"] == answered["request_id"] == given
    assert (answered["status"], answered["route"]) == (400, None)


async def test_what_the_server_refuses_before_the_application_looks_has_an_id_too(service):
    head = "GET /api/nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n"
    answer = await raw(service, head)
    assert answer.startswith("HTTP/1.1 417 ")
    (given,) = re.findall(r"(?im)^x-request-id: ([0-9a-f]{32})\r$", answer)
    assert service.lines("request.answered")[-1]["request_id"] == given


async def test_each_request_of_a_kept_connection_has_its_own_id(service):
    head = f"GET /api/cloud/status HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {TOKEN}\r\n"
    answers = await raw(
        service, f"{head}X-Request-Id: first\r\n\r\n", f"{head}\r\n", "GET / HTTP/1.1\r\nBad Header\r\n\r\n"
    )
    given = re.findall(r"(?im)^x-request-id: (\S+)\r$", answers)
    assert given[0] == "first"
    assert len(set(given)) == 3
    assert [line["request_id"] for line in service.lines("request.answered")] == given


async def test_a_command_is_followed_from_the_terminal_to_the_cloud(service, cloud, monkeypatch, capsys):
    monkeypatch.setenv("ELIZA_API_TOKEN", TOKEN)
    agent_id = await service.agent()
    await cloud.control(f"agents/{agent_id}/jobs", failAttempts=3)
    since = len(cloud.arrived)
    await asyncio.to_thread(main, ["agents", "connect", agent_id, "--url", service.url])
    (shown,) = re.findall(r"(?m)^Request id ([0-9a-f]{32})$", capsys.readouterr().err)
    assert shown in {call.request_id for call in cloud.arrived[since:]}
    assert service.lines("link.transition")[-1]["request_id"] == shown
