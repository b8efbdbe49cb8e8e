# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""What an agent would not survive is not sent, and what the cloud does not have is named (cloud-api §23)."""

import msgspec
import pytest

from eliza_cloud.cloud.completion_stream import CompletionCheck
from eliza_cloud.cloud.errors import (
    CloudServerError,
    InvalidRequest,
    MessageTooLarge,
    ModelNotFound,
    StreamFailed,
)

from .conftest import AGENT

LIMIT = 1024 * 1024


@pytest.fixture(autouse=True)
async def agent(cloud):
    return cloud.agents("eliza")


async def streamed(client, text, **options):
    return [piece async for piece in client.stream_message(AGENT, text, **options)]


async def room_for_text(client, cloud, agent):
    """Find out how many bytes of a message are not its text."""
    cloud.on("POST", f"{agent}/bridge", (200, {"result": {"text": "ok"}}))
    await client.send_message(AGENT, "x")
    return LIMIT - len(cloud.asked[-1].body) + 1


@pytest.mark.parametrize("letter", ["x", "ü", '"', "\n"])
async def test_a_message_over_1_mib_is_not_sent_and_one_of_1_mib_is(client, cloud, agent, letter):
    room = await room_for_text(client, cloud, agent)
    cloud.on("POST", f"{agent}/stream", (200, b'data: {"type":"done","fullText":"ok"}\n\n'))
    each = len(msgspec.json.encode(letter)) - 2
    fits = letter * (room // each)
    assert await client.send_message(AGENT, fits) == "ok"
    assert LIMIT - each < len(cloud.asked[-1].body) <= LIMIT
    assert await streamed(client, fits) == ["ok"]
    before = len(cloud.asked)
    with pytest.raises(MessageTooLarge) as caught:
        await client.send_message(AGENT, fits + letter)
    with pytest.raises(MessageTooLarge):
        client.stream_message(AGENT, fits + letter)
    assert len(cloud.asked) == before
    error = caught.value
    assert (error.code, error.status, error.retryable) == ("message_too_large", 413, False)
    assert "1048576" in str(error)


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda client: client.send_message(AGENT, "a\0b"), "text"),
        (lambda client: streamed(client, "a\0b"), "text"),
        (lambda client: client.send_message(AGENT, "a", room="\0"), "roomId"),
        (lambda client: client.create_agent("a\0"), "agentName"),
        (lambda client: client.create_agent("a", {"bio": ["x", {"y": "\0"}]}), r"agentConfig\.bio\[1\]\.y"),
        (lambda client: client.create_agent("a", {"bio\0": 1}), "a name in agentConfig"),
        (lambda client: client.create_agent("a", None, {"TOKEN": "\0secret"}), r"environmentVars\.TOKEN"),
        (lambda client: client.create_agent("a", None, {"T\0": "secret"}), "a name in environmentVars"),
        (lambda client: client.rename_agent(AGENT, "\0"), "agentName"),
    ],
)
async def test_u_0000_is_not_sent_and_its_place_is_named(client, cloud, call, where):
    with pytest.raises(InvalidRequest, match=where) as caught:
        await call(client)
    assert (caught.value.code, caught.value.status) == ("invalid_request", 400)
    assert "U+0000" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\0" not in str(caught.value)
    assert cloud.asked == []


async def test_a_config_without_end_is_refused_all_the_same(client, cloud):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidRequest):
        await client.create_agent("a", {"x": deep})
    assert all(asked.method == "GET" for asked in cloud.asked)


UNKNOWN = [
    (500, {"error": {"message": "Pricing unavailable for model gpt-9", "type": "internal_error"}}),
    (500, {"error": "Pricing unavailable for voice"}),
    (404, {"error": {"message": "The model does not exist", "code": "model_not_found"}}),
    (400, {"success": False, "error": "no such model", "code": "model_not_found"}),
]


@pytest.mark.parametrize("answer", UNKNOWN)
@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("chat/completions", {"model": "gpt-9", "messages": []}, "gpt-9"),
        ("chat/completions", {"model": msgspec.Raw(b'"gpt-9"'), "messages": []}, "gpt-9"),
        ("chat/completions", msgspec.Raw(b'{"model":"gpt-9","messages":[]}'), "gpt-9"),
        ("voice/tts", {"text": "hi", "voiceId": "v7", "modelId": "m7"}, "m7, v7"),
    ],
)
async def test_an_unknown_model_is_named_and_not_tried_again(client, cloud, answer, path, body, name):
    cloud.on("POST", f"/api/v1/{path}", answer)
    with pytest.raises(ModelNotFound, match=name) as caught:
        async with client.open(path, body, headers={}, timeout=None):
            raise AssertionError("there is no answer to read")
    error = caught.value
    assert (error.code, error.status, error.retryable) == ("model_not_found", 404, False)
    assert error.details["model"] == name
    assert error.cloud_status == answer[0]


async def test_a_model_that_was_not_named_is_not_made_up(client, cloud):
    cloud.on("POST", "/api/v1/generate-image", UNKNOWN[1])
    with pytest.raises(ModelNotFound) as caught:
        async with client.open("generate-image", {"prompt": "x"}, headers={}, timeout=None):
            pass
    assert "model" not in caught.value.details


async def test_another_server_error_is_no_unknown_model(client, cloud):
    cloud.on("POST", "/api/v1/chat/completions", (500, {"error": {"message": "Provider failed"}}))
    with pytest.raises(CloudServerError):
        async with client.open("chat/completions", {"model": "m"}, headers={}, timeout=None):
            pass


async def test_what_is_passed_through_takes_the_callers_headers_along(client, cloud):
    path = "/api/compat/agents/a/resume"
    cloud.on("POST", path, (200, {"success": True}))
    async with client.compat("POST", path, b"{}", {"X-Eliza-Dedicated-Price": "p:1"}) as answer:
        assert answer.status == 200
    assert cloud.asked[0].headers["X-Eliza-Dedicated-Price"] == "p:1"


# An empty completion that ends properly


def frame(delta, reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + msgspec.json.encode({"object": "chat.completion.chunk", "choices": [choice]}) + b"\n\n"


ROLE, STOP, DONE = frame({"role": "assistant", "content": ""}), frame({}, "stop"), b"data: [DONE]\n\n"
USAGE = b'data: {"choices":[],"usage":{"total_tokens":0}}\n\n'


def passed(body, size=None):
    check = CompletionCheck()
    size = size or len(body) or 1
    chunks = [check.feed(body[start : start + size]) for start in range(0, len(body), size)]
    return b"".join(chunks), check


@pytest.mark.parametrize("size", [None, 1, 7])
@pytest.mark.parametrize(
    ("body", "before"),
    [
        (STOP + DONE, b""),
        (DONE, b""),
        (ROLE + STOP + USAGE + DONE, ROLE),
        (ROLE + DONE, ROLE),
        (b": ping\n\n" + STOP + DONE, b": ping\n\n"),
        (STOP, b""),
    ],
)
def test_an_empty_completion_is_a_failure_at_its_end(body, before, size):
    got, check = passed(body, size)
    assert not got.replace(b": ping\n\n", b"").endswith(DONE)
    assert got in {b"", before}, "only whole frames, so that another one can follow"
    with pytest.raises(StreamFailed, match="empty") as caught:
        check.flush()
    assert caught.value.code == "stream_failed"


@pytest.mark.parametrize("size", [None, 1, 7])
@pytest.mark.parametrize(
    "body",
    [
        ROLE + frame({"content": "hi"}) + STOP + DONE,
        frame({"tool_calls": [{"index": 0}]}) + frame({}, "tool_calls") + DONE,
        frame({"reasoning_content": "hm"}) + STOP + DONE,
        ROLE + frame({}, "length") + DONE,
        ROLE + frame({}, "content_filter") + DONE,
        ROLE + b'data: {"error":{"message":"no"}}\n\n' + DONE,
        b"data: not json\n\n" + DONE,
        b'event: x\ndata: {"choices":[]}\n\n' + DONE,
        b'{"choices":[{"message":{"content":"whole"}}]}',
        ROLE,
        b"",
        b"data: " + b"x" * (2 * LIMIT),
    ],
)
def test_every_other_stream_passes_as_it_is(body, size):
    if size is not None and len(body) > LIMIT:
        size = 4096
    got, check = passed(body, size)
    assert got + check.flush() == body
