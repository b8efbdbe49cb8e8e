# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""A streamed reply: only `done` is success (cloud-api §13)."""

import asyncio
from contextlib import aclosing

import msgspec
import pytest
from aiohttp import web

from eliza_cloud.cloud.errors import (
    CloudServerError,
    InvalidRequest,
    KeyRefused,
    NotFound,
    Redirected,
    StreamFailed,
    TimedOut,
    Unreachable,
)

from .conftest import AGENT

CONNECTED = b'event: connected\ndata: {"rpcId":"1","timestamp":1}\n\n'
HELLO = b'event: chunk\ndata: {"text":"Hello"}\n\n'
WORLD = b'event: chunk\ndata: {"text":", world"}\n\n'
DONE = b'event: done\ndata: {"rpcId":"1","timestamp":2}\n\n'
DEAD = b'event: error\ndata: {"message":"Sandbox is not running or unreachable"}\n\n'


@pytest.fixture
async def stream(cloud):
    return f"{cloud.agents()}/stream"


def streaming(*chunks, then=None):
    """Send chunks as an event stream, then await `then`."""

    async def answer(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if then is not None:
            await then(request)
        return response

    return answer


async def received(client):
    """Return the pieces of a reply and the error it ended in, if any."""
    pieces = []
    try:
        async for piece in client.stream_message(AGENT, "hi"):
            pieces.append(piece)  # noqa: PERF401 - what came before an error counts
    except StreamFailed as error:
        return pieces, error
    return pieces, None


async def test_a_reply_that_ends_in_done_is_complete(client, cloud, stream):
    cloud.on("POST", stream, streaming(CONNECTED, HELLO, WORLD, DONE))
    assert await received(client) == (["Hello", ", world"], None)
    asked = cloud.asked[-1]
    sent = msgspec.json.decode(asked.body)
    assert (sent["jsonrpc"], sent["method"]) == ("2.0", "message.send")
    assert sent["params"] == {"text": "hi", "roomId": "web-chat", "mode": "power"}
    assert asked.headers["Accept"] == "text/event-stream"


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        ((CONNECTED + HELLO + DONE).replace(b"\n", b"\r\n"), ["Hello"]),
        ((CONNECTED + HELLO + DONE).replace(b"\n", b"\r"), ["Hello"]),
        (HELLO + b": keep-alive\n\n" + b"event: ping\ndata: x\n\n" + DONE.rstrip(), ["Hello"]),
        (b'data: {"type":"chunk","text":"a"}\n\ndata: {"type":"done"}\n\n', ["a"]),
        (b'event: chunk\ndata: {"type":"token","text":"a"}\n\ndata: {"type":"done"}\n\n', ["a"]),
        (b'event: delta\ndata: {"type":"token","text":"a"}\n\nevent: end\ndata: {"type":"done"}\n\n', ["a"]),
        (b'event: chunk\ndata: {"text":\ndata:"a"}\n\n' + DONE, ["a"]),
        (
            b'event: chunk\ndata: {"text":null}\n\nevent: chunk\ndata: {"text":""}\n\n' + HELLO + DONE,
            ["Hello"],
        ),
        (b'event: done\ndata: {"type":"done","fullText":"all of it"}\n\n', ["all of it"]),
        (HELLO + b'event: done\ndata: {"type":"done","fullText":"Hello"}\n\n', ["Hello"]),
        (b"\xef\xbb\xbf" + HELLO + DONE + HELLO + DEAD, ["Hello"]),
    ],
)
async def test_both_generations_frames_are_understood(client, cloud, stream, body, pieces):
    cloud.on("POST", stream, streaming(body))
    assert await received(client) == (pieces, None)


async def test_frames_may_be_cut_anywhere(client, cloud, stream):
    body = CONNECTED + HELLO + 'event: chunk\r\ndata: {"text":"ü"}\r\n\r\n'.encode() + DONE
    cloud.on("POST", stream, streaming(*(bytes([byte]) for byte in body)))
    assert await received(client) == (["Hello", "ü"], None)


@pytest.mark.parametrize(
    ("body", "pieces", "code", "said"),
    [
        (DEAD, [], "stream_failed", "Sandbox is not running or unreachable"),
        (HELLO + DEAD + DONE, ["Hello"], "stream_failed", "Sandbox is not running"),
        (b'data: {"type":"error","message":"no model"}\n\n' + DONE, [], "stream_failed", "no model"),
        (b"event: error\ndata: {}\n\n", [], "stream_failed", "no reason was given"),
        (CONNECTED + DONE, [], "stream_failed", "empty"),
        (
            b'event: chunk\ndata: {"text":null}\n\nevent: chunk\ndata: {"text":""}\n\n' + DONE,
            [],
            "stream_failed",
            "empty",
        ),
        (b'event: chunk\ndata: {"text":" "}\n\n' + DONE, [" "], "stream_failed", "empty"),
        (b'event: done\ndata: {"fullText":" "}\n\n', [], "stream_failed", "empty"),
        (
            b'event: chunk\ndata: {"text":"(no response)"}\n\n' + DONE,
            ["(no response)"],
            "stream_failed",
            "empty",
        ),
        (
            HELLO + b'event: done\ndata: {"failureKind":"no_provider"}\n\n',
            ["Hello"],
            "stream_failed",
            "no_provider",
        ),
        (
            HELLO + b'event: done\ndata: {"fallback":true,"reason":"agent_no_reply"}\n\n',
            ["Hello"],
            "stream_failed",
            "agent_no_reply",
        ),
        (b"", [], "stream_truncated", "cut off"),
        (b": ping\n\n", [], "stream_truncated", "cut off"),
        (CONNECTED + HELLO, ["Hello"], "stream_truncated", "cut off"),
        (HELLO + b"event: done\n", ["Hello"], "stream_truncated", "cut off"),
        (HELLO + b'event: done\ndata: {"rpc', ["Hello"], "invalid_response", "not JSON"),
        (b"event: chunk\ndata: nonsense\n\n" + DONE, [], "invalid_response", "not JSON"),
        (b"data: nonsense\n\n" + DONE, [], "invalid_response", "not JSON"),
        (b'{"success":false,"error":"no such thing"}', [], "stream_failed", "no such thing"),
        (b"<html>sign in</html>", [], "invalid_response", "something else came"),
        (b"[]", [], "invalid_response", "something else came"),
        (b'{"success":true,"da', [], "invalid_response", "something else came"),
        (b"data: " + b"x" * 2**20, [], "invalid_response", "too large"),
    ],
)
async def test_everything_else_is_a_failure_even_after_text(client, cloud, stream, body, pieces, code, said):
    cloud.on("POST", stream, streaming(body))
    got, error = await received(client)
    assert got == pieces
    assert (error.code, error.status, error.cloud_status, error.retryable) == (code, 502, 200, False)
    assert said in str(error)


async def test_a_connection_lost_in_the_middle_is_a_cut(client, cloud, stream):
    async def drop(request):
        request.transport.abort()

    cloud.on("POST", stream, streaming(HELLO, then=drop))
    got, error = await received(client)
    assert got in (["Hello"], [])  # the reset may overtake what was sent
    assert error.code == "stream_truncated"


async def test_a_stream_that_falls_silent_is_a_timeout(cloud, stream, make_client):
    cloud.on("POST", stream, streaming(HELLO, then=cloud.hang))
    got, error = await received(make_client(stream_idle=0.05))
    assert got == ["Hello"]
    assert (error.code, error.status) == ("stream_timeout", 504)


async def test_a_stream_that_only_keeps_alive_ends_at_its_total_time(cloud, stream, make_client):
    async def keep_alive(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b": ping\n\n")
            await asyncio.sleep(0.005)
        return response

    cloud.on("POST", stream, keep_alive)
    _, error = await received(make_client(stream_total=0.06))
    assert error.code == "stream_timeout"


async def test_a_server_that_never_begins_the_stream_is_a_timeout(cloud, stream, make_client):
    cloud.on("POST", stream, cloud.hang)
    with pytest.raises(TimedOut):
        await received(make_client(stream_idle=0.05))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, {"success": False, "error": "Agent not found"}), NotFound),
        ((404, b"<html>"), NotFound),
        ((400, {"error": "Invalid request", "details": []}), InvalidRequest),
        ((401, {"success": False, "error": "no"}), KeyRefused),
        (
            (503, {"success": False, "error": "warming", "retryable": True}, {"Retry-After": "1"}),
            CloudServerError,
        ),
        ((302, b"", {"Location": "/x"}), Redirected),
    ],
)
async def test_an_error_status_is_its_own_error(client, cloud, stream, answer, error):
    cloud.on("POST", stream, answer)
    with pytest.raises(error) as caught:
        await received(client)
    assert caught.value.retry_after == (1.0 if error is CloudServerError else None)


async def test_an_html_404_on_the_stream_makes_the_prefix_be_sought_anew(client, cloud, stream):
    for _ in range(2):
        with pytest.raises(NotFound):
            await received(client)
    assert cloud.count("GET", "/api/v1/milady/agents") == 2


async def test_a_connection_that_dies_before_the_stream_is_unreachable(client, cloud, stream):
    async def drop(request):
        request.transport.abort()
        return web.Response()

    cloud.on("POST", stream, drop)
    with pytest.raises(Unreachable):
        await received(client)


async def test_closing_the_generator_cancels_the_call_at_the_cloud(client, cloud, stream):
    gone = asyncio.Event()

    async def until_gone(request):
        try:
            await cloud.hang(request)
        finally:
            gone.set()

    cloud.on("POST", stream, streaming(HELLO, then=until_gone))
    async with aclosing(client.stream_message(AGENT, "hi")) as pieces:
        assert await anext(pieces) == "Hello"
    await asyncio.wait_for(gone.wait(), 5)


async def test_cancelling_the_reader_cancels_the_call(client, cloud, stream):
    begun, gone = asyncio.Event(), asyncio.Event()

    async def until_gone(request):
        begun.set()
        try:
            await cloud.hang(request)
        finally:
            gone.set()

    cloud.on("POST", stream, streaming(CONNECTED, then=until_gone))
    task = asyncio.create_task(received(client))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(gone.wait(), 5)
