"""cloud-api §5, §6, §16, `llmText`: chat completions, whole and streamed, and who pays for them."""

import json

import aiohttp
import pytest

PATH = "/api/v1/chat/completions"
MODEL = "openai/gpt-oss-120b"


def _asking(text: str, **more: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


async def _balance(api):
    return (await api.get("/api/v1/credits/balance")).body["balance"]


def _events(text: str) -> list[object]:
    data = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


async def test_the_doctor_answers_the_last_user_message(api):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": [{"type": "text", "text": "my name is Ada"}, {"type": "image_url"}]},
    ]
    answer = await api.post(
        PATH, json={"model": MODEL, "messages": messages, "tools": [{"type": "function"}]}
    )
    assert answer.status == 200
    body = answer.body
    assert (body["object"], body["model"], body["created"]) == ("chat.completion", MODEL, 1_800_000_000)
    assert body["id"].startswith("chatcmpl-")
    message = {"role": "assistant", "content": "I am glad to know you, Ada."}
    assert body["choices"] == [{"index": 0, "message": message, "finish_reason": "stop"}]
    assert body["usage"] == {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}


async def test_it_remembers_nothing(api):
    await api.post(PATH, json=_asking("my name is Ada"))
    answers = [(await api.post(PATH, json=_asking("what is my name?"))).body["choices"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert "Ada" not in answers[0][0]["message"]["content"]


async def test_a_stream_has_no_role_and_no_usage_but_a_stop_and_a_done(api):
    whole = (await api.post(PATH, json=_asking("my name is Ada"))).body["choices"][0]["message"]["content"]
    answer = await api.post(PATH, json=_asking("my name is Ada", stream=True))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert answer.headers["X-RateLimit-Limit"] == "200"
    *chunks, stop, done = _events(answer.body)
    assert done == "[DONE]"
    assert stop["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert len(chunks) == len(whole.split(" "))
    assert all(set(chunk["choices"][0]["delta"]) == {"content"} for chunk in chunks)
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == whole
    assert {chunk["object"] for chunk in [*chunks, stop]} == {"chat.completion.chunk"}
    assert not any("usage" in chunk for chunk in [*chunks, stop])
    assert len({chunk["id"] for chunk in [*chunks, stop]}) == 1


async def test_a_stream_that_is_cut_has_no_done(api):
    await api.control("faults", path=PATH, fault="cut")
    events = _events((await api.post(PATH, json=_asking("hello", stream=True))).body)
    assert [event["choices"][0]["finish_reason"] for event in events] == [None]


async def test_a_stream_that_fails_midway_loses_its_connection(api):
    await api.control("faults", path=PATH, fault="truncate")
    async with await api.raw("POST", PATH, json=_asking("hello", stream=True)) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_credits_are_reserved_before_and_settled_after(api):
    before = await _balance(api)
    await api.post(PATH, json=_asking("my name is Ada"))
    # 4 tokens asked at 1 millionth of a dollar, 7 answered at 4.
    assert await _balance(api) == round(before - 0.000032, 6)
    lines = (await api.get("/api/credits/transactions?limit=2")).body["transactions"]
    assert [(line["type"], line["amount"]) for line in lines] == [("credit", 0.001972), ("debit", -0.002004)]
    assert lines[1]["description"] == f"Chat completion: {MODEL}"


async def test_a_stream_is_settled_for_what_was_sent(api):
    await api.control("faults", path=PATH, fault="cut", count=1)
    before = await _balance(api)
    await api.post(PATH, json=_asking("my name is Ada", stream=True))
    assert await _balance(api) == round(before - 0.000008, 6)
    await api.post(PATH, json=_asking("my name is Ada", stream=True))
    assert await _balance(api) < before - 0.00003


async def test_without_credits_nothing_is_said(api):
    await api.control("organization", balance=0.001)
    for stream in (False, True):
        answer = await api.post(PATH, json=_asking("hello", stream=stream))
        error = answer.body["error"]
        assert (answer.status, error["type"], error["code"]) == (
            402,
            "insufficient_quota",
            "insufficient_credits",
        )
    assert await _balance(api) == 0.001


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "model"),
        ({"model": "", "messages": [{"role": "user", "content": "hi"}]}, "model"),
        ({"model": MODEL}, "messages"),
        ({"model": MODEL, "messages": []}, "messages"),
        ({"model": MODEL, "messages": ["hi"]}, "messages"),
        ({"model": MODEL, "messages": [{"content": "hi"}]}, "messages"),
    ],
)
async def test_model_and_messages_are_required(api, body, param):
    answer = await api.post(PATH, json=body)
    error = answer.body["error"]
    assert answer.status == 400
    assert (error["type"], error["code"]) == ("invalid_request_error", "missing_required_parameter")
    assert error["param"] == param


async def test_refusals_come_in_openais_envelope(api):
    refused = await api.post(PATH, json=_asking("hi"), headers={"X-API-Key": "eliza_wrong"})
    assert refused.status == 401
    assert refused.body["error"] == {
        "message": "Invalid or expired API key",
        "type": "authentication_error",
    }
    anonymous = await api.post(PATH, json=_asking("hi"), headers={})
    assert anonymous.body == {"error": {"message": "Authentication required", "type": "authentication_error"}}
    broken = await api.post(PATH, data=b"{", headers={**api.headers, "Content-Type": "application/json"})
    assert broken.status in (400, 500)
    assert set(broken.body) == {"error"}
    assert broken.body["error"]["message"]
    listed = await api.post(PATH, json=["hi"])
    assert (listed.status, listed.body["error"]["type"]) == (400, "invalid_request_error")


async def test_two_hundred_a_minute_are_allowed(api_c):
    for _ in range(200):
        await api_c.post(PATH, json={"model": MODEL})
    refused = await api_c.post(PATH, json=_asking("hello"))
    assert (refused.status, refused.body["code"]) == (429, "rate_limit_exceeded")
    assert refused.headers["Retry-After"] == "60"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "no/such"},
        {"temperature": 3},
        {"temperature": "hot"},
        {"max_tokens": 0},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "wizard", "content": "hi"}]},
    ],
)
async def test_what_the_work_behind_cannot_use_is_500_and_costs_nothing(api, change):
    answer = await api.post(PATH, json={**_asking("hi"), **change})
    assert (answer.status, answer.body["error"]["type"]) == (500, "server_error")
    if "model" in change:
        assert answer.body["error"]["message"] == "Pricing unavailable for model no/such"
    assert await _balance(api) == 25


async def test_a_stream_whose_provider_fails_looks_complete(api):
    await api.control("provider", state="down")
    assert (await api.post(PATH, json=_asking("hi"))).status == 500
    streamed = await api.post(PATH, json=_asking("hi", stream=True))
    stop, done = _events(streamed.body)
    assert (streamed.status, done) == (200, "[DONE]")
    assert stop["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    await api.control("provider", state="up")
    assert (await api.post(PATH, json=_asking("hi"))).status == 200


async def test_models_can_be_added(start):
    api = await start(models=["mine"])
    answer = await api.post(PATH, json=_asking("hi", model="mine"))
    assert (answer.status, answer.body["model"]) == (200, "mine")


async def test_one_model_needs_a_key(api):
    path = f"/api/v1/models/{MODEL}"
    assert (await api.get(path)).body["id"] == MODEL
    assert (await api.get(path, headers={})).body["error"]["type"] == "authentication_error"
    unknown = await api.get("/api/v1/models/no/such")
    assert (unknown.status, unknown.body["error"]["code"]) == (404, "model_not_found")


async def test_responses_are_the_same_reply_in_another_shape(api):
    answer = await api.post("/api/v1/responses", json={"model": MODEL, "input": "my name is Ada"})
    body = answer.body
    assert (answer.status, body["object"], body["status"]) == (200, "response", "completed")
    assert body["output_text"] == body["output"][0]["content"][0]["text"] == "I am glad to know you, Ada."
    assert body["usage"] == {"input_tokens": 4, "output_tokens": 7, "total_tokens": 11}
    streamed = await api.post("/api/v1/responses", json={"model": MODEL, "input": "hi", "stream": True})
    assert streamed.status == 400
    unknown = await api.post("/api/v1/responses", json={"model": "no/such", "input": "hi"})
    assert (unknown.status, unknown.body) == (
        503,
        {"success": False, "error": "Responses provider unavailable", "code": "internal_error"},
    )


async def test_messages_are_anthropics_and_have_its_errors(api):
    asked = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "my name is Ada"}]}
    body = (await api.post("/api/v1/messages", json=asked)).body
    assert (body["type"], body["role"], body["stop_reason"]) == ("message", "assistant", "end_turn")
    assert body["content"] == [{"type": "text", "text": "I am glad to know you, Ada."}]
    streamed = (await api.post("/api/v1/messages", json={**asked, "stream": True})).body
    assert "event: message_start" in streamed
    assert streamed.rstrip().endswith('{"type":"message_stop"}')
    for wrong in ("model", "max_tokens", "messages"):
        answer = await api.post("/api/v1/messages", json={k: v for k, v in asked.items() if k != wrong})
        assert (answer.status, answer.body["type"]) == (400, "error")
        assert answer.body["error"]["type"] == "invalid_request_error"
    await api.control("organization", balance=0)
    broke = await api.post("/api/v1/messages", json=asked)
    assert (broke.status, broke.body["error"]["type"]) == (429, "rate_limit_error")
    assert broke.body["error"]["message"].startswith("Insufficient credits. Required: $")
    assert "Retry-After" not in broke.headers
    stranger = await api.post("/api/v1/messages", json=asked, headers={})
    assert (stranger.status, stranger.body["error"]["type"]) == (401, "authentication_error")
