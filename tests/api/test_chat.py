"""Chat with the linked agent: whole answers, streams, and every way in which a reply is not one."""

import asyncio
import io
import json

import pytest
from aiohttp import web

from eliza_cloud.api.app_keys import DISCONNECTS
from eliza_cloud.api.http import sse
from tests.api.conftest import frames
from tests.harness.service import TOKEN
from tests.harness.waiting import HANG, until

KEY = "eliza_" + "ab" * 32
AGENT = "0b5f0f7e-1111-4222-8333-444455556666"
AGENTS = "/api/v1/eliza/agents"
ONE = f"{AGENTS}/{AGENT}"
RESTLESS = {"heartbeat_interval": 0.02, "max_failures": 1, "max_reconnect_attempts": 0}


@pytest.fixture
def linked(scripted, serve):
    """Give a function that links a service to an agent whose stream and bridge are the given handlers."""

    async def start(stream=None, bridge=None):
        agent = {"id": AGENT, "agentName": "Eliza", "status": "running"}

        async def answer_bridge(request):
            call = await request.json()
            if call["method"] == "heartbeat":
                return web.json_response({"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {}})
            return await bridge(request)

        def say(data):
            async def handler(_):
                return web.json_response({"success": True, "data": data})

            return handler

        url = await scripted(
            {
                "GET /api/v1/user": say({"id": "u", "organization_id": "o"}),
                f"GET {AGENTS}": say([agent]),
                f"GET {ONE}": say(agent),
                f"POST {ONE}/provision": say(agent),
                f"POST {ONE}/bridge": answer_bridge,
                f"POST {ONE}/stream": stream or answer_bridge,
                f"POST {ONE}/snapshot": say({"backupId": AGENT, "sizeBytes": 1, "createdAt": None}),
            }
        )
        service = await serve(url, key=KEY)
        assert (await service.post(f"/api/cloud/agents/{AGENT}/connect"))[0] == 200
        return service

    return start


def speaking(*events, done=True, then=None):
    """A stream that says these pieces and, unless told otherwise, that it is done."""

    async def handler(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'event: connected\ndata: {"rpcId": 1}\n\n')
        for text in events:
            await response.write(f"event: chunk\ndata: {json.dumps({'text': text})}\n\n".encode())
        if done:
            await response.write(b'event: done\ndata: {"rpcId": 1}\n\n')
        if then is not None:
            await then(response)
        return response

    return handler


async def stream(service, body=None, path="/api/chat/stream", **more):
    answer = await service.call("POST", path, json=body or {"text": "hello"}, **more)
    return answer, await answer.text()


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "text is required"),
        ({"text": ""}, "text is required"),
        ({"text": "  \n"}, "text is required"),
        ({"text": 5}, "text must be a string that is not blank, but it is a number."),
        ({"message": "hello"}, "text is required"),
        ({"text": "hello", "mode": "loud"}, "mode must be 'simple' or 'power'"),
        ({"text": "hello", "mode": ""}, "mode must be 'simple' or 'power'"),
        ({"text": "hello", "mode": ["power"]}, "mode must be 'simple' or 'power'"),
    ],
)
async def test_a_message_that_is_none_is_400(service, path, body, error):
    assert await service.post(path, body) == (400, {"ok": False, "error": error, "code": "invalid_request"})


UNSURVIVABLE = [
    ("a" * 1_048_500, (413, "message_too_large"), "1048576"),
    ("a\0b", (400, "invalid_request"), "U+0000"),
]


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream", "/v1/chat/completions"])
@pytest.mark.parametrize(("text", "refusal", "words"), UNSURVIVABLE)
async def test_what_the_agent_would_not_survive_is_refused_before_anything_is_sent(
    linked, path, text, refusal, words
):
    sent = []

    async def keep(request):
        sent.append(await request.text())
        return web.json_response({"jsonrpc": "2.0", "result": {"text": "ok"}})

    service = await linked(keep, keep)
    message = {"model": "eliza-agent", "messages": [{"role": "user", "content": text}]}
    bodies = [message, {**message, "stream": True}] if path.startswith("/v1") else [{"text": text}]
    for body in bodies:
        content, headers = io.BytesIO(json.dumps(body).encode()), {"Content-Type": "application/json"}
        answer = await service.call("POST", path, data=content, headers=headers)
        refused = await answer.json()
        code = refused["error"]["code"] if path.startswith("/v1") else refused["code"]
        assert (answer.status, code) == refusal
        assert words in str(refused)
    assert sent == []


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
async def test_without_an_agent_chat_is_503(signed_in, path):
    assert await signed_in.post(path, {"text": "hello"}) == (
        503,
        {"ok": False, "error": "Agent is not running", "code": "agent_not_running", "action": "connect"},
    )


async def test_the_agent_answers(signed_in):
    await signed_in.linked_agent()
    status, body = await signed_in.post("/api/chat", {"text": "I am sad", "mode": "simple"})
    assert (status, set(body), body["agentName"]) == (200, {"text", "agentName"}, "my-cloud-agent")
    assert body["text"]


async def test_the_agent_answers_as_a_stream(signed_in):
    await signed_in.linked_agent()
    answer, text = await stream(signed_in, {"text": "I am sad"})
    *tokens, done = frames(text)
    assert answer.status == 200
    assert {token["type"] for token in tokens} == {"token"}
    full = "".join(token["text"] for token in tokens)
    assert done == {"type": "done", "fullText": full, "agentName": "my-cloud-agent"}
    assert full
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache, no-transform"
    assert answer.headers["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json, Text/Event-Stream;q=0.9"])
async def test_the_accept_header_makes_a_stream_of_chat(linked, accept):
    service = await linked(speaking("one ", "two"))
    answer, text = await stream(service, path="/api/chat", headers={"Accept": accept})
    assert answer.content_type == "text/event-stream"
    assert frames(text) == [
        {"type": "token", "text": "one "},
        {"type": "token", "text": "two"},
        {"type": "done", "fullText": "one two", "agentName": "Eliza"},
    ]


async def test_line_ends_and_odd_characters_stay_inside_their_frame(linked):
    service = await linked(speaking('a\n\ndata: {"type":"done"}\r\n\u2028', "\U0001f98a"))
    _, text = await stream(service)
    assert [frame["type"] for frame in frames(text)] == ["token", "token", "done"]
    assert frames(text)[2]["fullText"] == 'a\n\ndata: {"type":"done"}\r\n\u2028\U0001f98a'


@pytest.mark.parametrize(("size", "is_repeated"), [(16, True), (17, False)])
async def test_a_long_reply_is_not_kept_and_not_repeated(linked, size, is_repeated):
    piece = "x" * 65_536
    service = await linked(speaking(*[piece] * size))
    _, text = await stream(service)
    *tokens, done = frames(text)
    assert [token["text"] for token in tokens] == [piece] * size
    whole = {"fullText": piece * size} if is_repeated else {"fullTextOmitted": True}
    assert done == {"type": "done", **whole, "agentName": "Eliza"}


async def test_a_reply_without_words_is_a_failure(linked):
    _, text = await stream(await linked(speaking()))
    assert '"code":"stream_failed"' in text
    assert "empty" in text
    assert '"type":"done"' not in text


async def test_a_stream_that_is_cut_ends_in_an_error_and_never_in_done(linked):
    service = await linked(speaking("half of", done=False))
    answer, text = await stream(service)
    token, error = frames(text)
    assert (answer.status, token) == (200, {"type": "token", "text": "half of"})
    assert (error["type"], error["code"], set(error)) == (
        "error",
        "stream_truncated",
        {"type", "code", "message"},
    )
    assert error["message"]


async def test_a_stream_that_is_cut_before_the_first_piece_is_a_json_error(linked):
    service = await linked(speaking(done=False))
    answer, text = await stream(service)
    body = json.loads(text)
    assert (answer.status, body["ok"], body["code"]) == (502, False, "stream_truncated")


async def test_a_dead_sandbox_is_502_and_no_empty_reply(signed_in, cloud):
    agent_id = await signed_in.linked_agent()
    await cloud.control(f"agents/{agent_id}/sandbox", state="dead")
    for path in ("/api/chat", "/api/chat/stream"):
        status, body = await signed_in.post(path, {"text": "hello"})
        assert (status, body["ok"]) == (502, False), path


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [(402, {}, 402), (404, {}, 404), (429, {"Retry-After": "9"}, 429), (500, {}, 502)],
)
async def test_a_refused_message_keeps_its_status(linked, status, headers, expected):
    async def refuse(_):
        return web.json_response({"success": False, "error": "No"}, status=status, headers=headers)

    service = await linked(refuse, refuse)
    for path in ("/api/chat", "/api/chat/stream"):
        answer = await service.call("POST", path, json={"text": "hello"})
        assert (answer.status, answer.headers.get("Retry-After")) == (expected, headers.get("Retry-After"))


async def test_while_reconnecting_chat_is_503(cloud, serve):
    service = await serve(cloud.url, key=await cloud.mint(), settings=RESTLESS)
    await service.until_connected()
    agent_id = await service.linked_agent()
    await cloud.fault("*/provision", "status", status=503)
    await cloud.control(f"agents/{agent_id}/sandbox", state="dead")
    await until(lambda: service.manager.status().connection.state == "reconnecting")
    for path in ("/api/chat", "/api/chat/stream"):
        status, body = await service.post(path, {"text": "hello"})
        assert (status, body["code"]) == (503, "agent_reconnecting")


class Watched:
    """An upstream handler that speaks once and then only waits; knows when it was hung up on."""

    def __init__(self, *first):
        self.first = first
        self.begun = asyncio.Event()
        self.hung_up = asyncio.Event()

    async def handle(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for text in self.first:
            await response.write(f"event: chunk\ndata: {json.dumps({'text': text})}\n\n".encode())
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.hung_up.set()
        return response


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
@pytest.mark.parametrize("first", [(), ("one",)], ids=["before the first piece", "after it"])
async def test_a_client_that_goes_away_hangs_up_on_the_cloud(linked, path, first):
    upstream = Watched(*first)
    service = await linked(upstream.handle, upstream.handle)
    chat = asyncio.create_task(stream(service, path=path))
    await upstream.begun.wait()
    chat.cancel()
    async with asyncio.timeout(HANG):
        await upstream.hung_up.wait()
    assert (await service.call("GET", "/api/cloud/status")).status == 200


async def test_a_reader_that_stalls_is_cut_off_and_the_cloud_with_it(linked, monkeypatch):
    monkeypatch.setattr(sse, "STALLED_AFTER", 0.05)
    hung_up = asyncio.Event()

    async def flood(response):
        try:
            while True:
                await response.write(b'event: chunk\ndata: {"text": "' + b"x" * 60_000 + b'"}\n\n')
        finally:
            hung_up.set()

    service = await linked(speaking(done=False, then=flood))
    server = service.runner.server
    idle = len(server.connections)
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    head = f"POST /api/chat/stream HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {TOKEN}\r\n"
    writer.write(f'{head}Content-Length: 17\r\n\r\n{{"text": "hello"}}'.encode())
    async with asyncio.timeout(HANG):
        await hung_up.wait()
    await until(lambda: len(server.connections) == idle)
    writer.close()


async def test_a_stop_ends_conversations_with_a_word(linked):
    upstream = Watched("one")
    service = await linked(upstream.handle, upstream.handle)
    streaming = asyncio.create_task(stream(service))
    await upstream.begun.wait()
    whole = asyncio.create_task(service.post("/api/chat", {"text": "hello"}))
    await until(lambda: len(service.app[DISCONNECTS]) == 2)
    await service.app.shutdown()
    _, text = await streaming
    assert [frame["type"] for frame in frames(text)] == ["token", "error"]
    assert frames(text)[1]["code"] == "stopping"
    status, body = await whole
    assert (status, body["code"]) == (503, "stopping")
    assert (await service.post("/api/chat", {"text": "hello"}))[0] == 503


async def test_a_fault_of_ours_in_mid_stream_shows_nothing_of_itself(linked):
    service = await linked(speaking("one"))
    proxy = service.manager.proxy()

    async def broken(_text, *, mode):
        yield "one"
        raise RuntimeError("canary detail")

    proxy.stream = broken
    service.manager.proxy = lambda: proxy
    answer, text = await stream(service)
    assert answer.status == 200
    assert [frame["type"] for frame in frames(text)] == ["token", "error"]
    assert frames(text)[1]["code"] == "internal_error"
    assert "canary" not in text
