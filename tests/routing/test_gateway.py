"""What travels which way, how failures arrive, and that a road counts from the next request on."""

import asyncio
import io
import json

import aiohttp
import pytest
from aiohttp import web

from eliza_cloud.routing import gateway as gateways
from tests.harness.service import TOKEN
from tests.harness.waiting import HANG, until
from tests.routing.conftest import CLOUD, chunk

KEY = "sk-canary-4f9d21c7a0b35e68"
DIRECT = {"backend": "other", "transport": "direct"}
BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
async def other(provider, service):
    """A provider with a key, to which everything of `service` goes."""
    made = await provider("other")
    service.edit(
        providers={"other": {"baseUrl": made.url, "keyVariable": "OTHER_KEY"}}, env={"OTHER_KEY": KEY}
    )
    service.route(**dict.fromkeys(("llmText", "tts", "media", "embeddings", "rpc"), DIRECT))
    return made


def answering(status, body=None, headers=None, text=None):
    async def handler(request, _):
        content = json.dumps(body) if text is None else text
        return web.Response(status=status, text=content, headers=headers, content_type="application/json")

    return handler


# What travels


async def test_only_what_may_travel_does(service, other):
    strange = {"Cookie": "a=b", "X-Api-Key": TOKEN, "X-Eliza-Token": TOKEN, "X-Other": "x", "X-App-Id": "app"}
    other.script["/v1/chat/completions"] = answering(
        200,
        {"ok": 1},
        {
            "Set-Cookie": "s=1",
            "X-Secret": KEY,
            "X-RateLimit-Remaining-Requests": "3",
            "Connection": "X-Secret",
        },
    )
    answer = await service.call(
        "POST", "/v1/chat/completions", BODY, headers={**strange, "Idempotency-Key": "i", "Accept": "text/x"}
    )
    up = other.asked[0].headers
    assert up["Authorization"] == f"Bearer {KEY}"
    assert (up["Idempotency-Key"], up["Accept"], up["Accept-Encoding"]) == ("i", "text/x", "identity")
    assert set(up) - {"User-Agent", "Host", "Content-Length", "Content-Type", "Connection"} == {
        "Authorization",
        "Idempotency-Key",
        "Accept",
        "Accept-Encoding",
    }
    assert TOKEN not in str(up)
    down = answer.headers
    assert down["X-RateLimit-Remaining-Requests"] == "3"
    assert not {"Set-Cookie", "X-Secret"} & set(down)


async def test_the_cloud_gets_the_stored_key_and_never_the_callers_token(serve, provider):
    cloud = await provider("cloud")
    service = await serve(cloud.url, "eliza_" + "a" * 64)
    service.route(llmText=CLOUD)
    cloud.script["/api/v1/chat/completions"] = answering(200, {"ok": 1})
    status, _ = await service.ask("POST", "/v1/chat/completions", BODY, headers={"X-App-Id": "app"})
    assert status == 200
    headers = next(asked.headers for asked in cloud.asked if asked.path == "/api/v1/chat/completions")
    assert (headers["X-API-Key"], headers["X-App-Id"]) == ("eliza_" + "a" * 64, "app")
    assert TOKEN not in str(headers)


async def test_the_request_arrives_as_it_was_sent(service, other):
    text = '{"model":"m","messages":[],"seed":12345678901234567890123,"temperature":1.0,"x":{"y":[1e5,null]}}'
    got = []

    async def keep(request, _):
        got.append(await request.text())
        return web.json_response({})

    other.script["/v1/chat/completions"] = keep
    answer = await service.call(
        "POST", "/v1/chat/completions", None, data=text, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 200
    assert got == [text]


async def test_a_tier_becomes_the_routes_model(service, other):
    service.route(llmText={**DIRECT, "smallModel": "tiny", "primaryModel": "main"}, embeddings=DIRECT)
    for wanted, name in (("small", "tiny"), ("large", "main"), ("own", "own"), (None, "main")):
        status, _ = await service.chat(model=wanted)
        assert (status, other.asked[-1].body["model"]) == (200, name)
    listed = (await service.ask("GET", "/v1/models"))[1]["data"]
    assert [one["id"] for one in listed][:4] == ["eliza-agent", "primary", "nano", "small"]
    status, answer = await service.ask("POST", "/v1/embeddings", {"input": "a", "model": "small"})
    assert (status, answer["error"]["code"]) == (400, "model_not_configured")
    status, answer = await service.ask("POST", "/v1/embeddings", {"input": "a"})
    assert (status, answer["error"]["code"]) == (400, "model_required")


async def test_thirty_two_mebibytes_pass_and_more_does_not(service, other):
    def long(mebibytes):
        text = "x" * (mebibytes * 1024 * 1024)
        return io.BytesIO(
            json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
        )

    assert (await service.ask("POST", "/v1/chat/completions", data=long(31)))[0] == 200
    status, refused = await service.ask("POST", "/v1/chat/completions", data=long(33))
    assert (status, refused["error"]["code"]) == (413, "body_too_large")
    assert len(other.asked) == 1
    status, refused = await service.ask("POST", "/api/tts/cloud", data=long(2))
    assert (status, refused["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', '{"model": 3}', '{"a": ' + "[" * 5000])
async def test_what_is_no_request_is_refused_in_openais_envelope(service, other, content):
    answer = await service.call("POST", "/v1/chat/completions", None, data=content)
    body = await answer.json()
    assert (answer.status, body["error"]["type"]) == (400, "invalid_request_error")
    assert other.asked == []


async def test_chain_calls_pass_as_they_are(service, other):
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}]
    status, answer = await service.ask("POST", "/rpc/base?network=testnet&x=1", batch)
    assert (status, answer["result"]) == (200, "other/base?network=testnet")
    assert other.asked[0].body == batch
    status, answer = await service.ask("POST", "/rpc/..%2Fx", batch)
    assert (status, answer["code"]) == (404, "unknown_chain")


async def test_speech_in_the_clouds_shape_takes_the_road_of_speech(service, other):
    status = await service.call("POST", "/api/tts/cloud", {"text": "hi", "voiceId": "v", "modelId": "m"})
    assert await status.read() == b"other hi"
    assert other.asked[0].body == {"input": "hi", "voice": "v", "model": "m", "response_format": "mp3"}


async def test_videos_and_speech_of_the_cloud(signed_in):
    signed_in.route(tts=CLOUD, media=CLOUD)
    status, made = await signed_in.ask("POST", "/v1/videos/generations", {"prompt": "a cat"})
    assert status == 200
    assert made["data"][0]["content_type"] == "video/mp4"
    answer = await signed_in.call("POST", "/api/tts/cloud", {"text": "hi"})
    assert (answer.status, answer.content_type) == (200, "audio/mpeg")
    for path, body in (
        ("/v1/audio/speech", {"model": "tts-1", "input": "hi", "voice": "echo", "response_format": "wav"}),
        ("/v1/images/generations", {"prompt": "a cat", "response_format": "b64_json"}),
    ):
        status, refused = await signed_in.ask("POST", path, body)
        assert (status, refused["error"]["code"]) == (400, "unsupported_format")


# Failures


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, (400, "invalid_request", "invalid_request_error")),
        (401, (401, "provider_key_rejected", "authentication_error")),
        (402, (402, "provider_credits_exhausted", "insufficient_quota")),
        (403, (403, "access_denied", "permission_error")),
        (404, (404, "not_found", "not_found_error")),
        (422, (422, "provider_refused", "invalid_request_error")),
        (429, (429, "rate_limited", "rate_limit_error")),
        (500, (502, "provider_server_error", "server_error")),
        (302, (502, "redirected", "server_error")),
    ],
)
async def test_a_providers_refusal_keeps_its_status_and_loses_its_key(service, other, log, status, told):
    message = {"error": {"message": f"no: {KEY}", "type": "x"}}
    other.script["/v1/chat/completions"] = answering(
        status, message, {"Retry-After": "7", "Location": "http://127.0.0.1:9/x"}
    )
    answer = await service.call("POST", "/v1/chat/completions", BODY)
    body = await answer.json()
    assert (answer.status, body["error"]["code"], body["error"]["type"]) == told
    assert KEY not in json.dumps(body) + str(log)
    assert "other" in body["error"]["message"]
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert len(other.asked) == 1


async def test_a_providers_own_code_is_kept(service, other):
    error = {"message": "too long", "code": "context_length_exceeded"}
    other.script["/v1/chat/completions"] = answering(400, {"error": error})
    assert (await service.chat())[1]["error"]["code"] == "context_length_exceeded"


async def test_a_provider_that_is_not_there_is_502_and_a_silent_one_504(service, other, monkeypatch):
    service.edit(providers={"other": {"baseUrl": "http://127.0.0.1:9"}})
    status, body = await service.chat()
    assert (status, body["error"]["code"]) == (502, "provider_unreachable")
    release = asyncio.Event()

    async def silent(request, _):
        await release.wait()
        return web.Response()

    other.script["/v1/embeddings"] = silent
    service.edit(providers={"other": {"baseUrl": other.url}})
    fast = aiohttp.ClientTimeout(sock_read=0.05)
    monkeypatch.setattr("eliza_cloud.api.openai.completions.STREAMED", fast)
    monkeypatch.setattr(gateways.UpstreamRequest, "timeout", fast, raising=False)
    try:
        status, body = await service.ask("POST", "/v1/embeddings", {"model": "m", "input": "a"})
    finally:
        release.set()
    assert (status, body["error"]["code"]) == (504, "provider_timeout")


async def test_a_rejected_key_makes_the_link_look_at_it(signed_in, cloud):
    await until(lambda: signed_in.manager.status().connected)
    signed_in.route(llmText=CLOUD)
    await cloud.control("keys/revoke")
    status, body = await signed_in.chat()
    assert (status, body["error"]["code"]) == (401, "key_rejected")
    await until(lambda: not signed_in.manager.status().connected)


async def frames_of_a_broken_stream(service):
    """Return the frames of a streamed completion whose connection is closed without a proper end."""
    got = bytearray()

    async def read_to_the_end(answer):
        async for piece in answer.content.iter_any():
            got.extend(piece)

    url, headers = f"{service.url}/v1/chat/completions", {"Authorization": f"Bearer {TOKEN}"}
    async with service.session.post(url, json={**BODY, "stream": True}, headers=headers) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await read_to_the_end(answer)
    return got.decode().strip().split("\n\n")


async def test_a_stream_that_breaks_off_ends_in_a_frame_that_says_so(service, other):
    async def broken(request, _):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(chunk("half"))
        request.transport.abort()
        return response

    other.script["/v1/chat/completions"] = broken
    frames = await frames_of_a_broken_stream(service)
    assert len(frames) == 2
    assert json.loads(frames[1].removeprefix("data: "))["error"]["code"] == "response_truncated"


STOPPED = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def streaming(*pieces):
    async def answer(request, _):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.01)
        return response

    return answer


@pytest.fixture
async def of_the_cloud(serve, provider):
    cloud = await provider("cloud")
    service = await serve(cloud.url, "eliza_" + "a" * 64)
    service.route(llmText=CLOUD)
    return service, cloud


@pytest.mark.parametrize("pieces", [(STOPPED,), (STOPPED[:30], STOPPED[30:]), (b": ping\n\n", STOPPED)])
async def test_an_empty_completion_of_the_cloud_ends_in_a_frame_that_says_so(of_the_cloud, pieces):
    service, cloud = of_the_cloud
    cloud.script["/api/v1/chat/completions"] = streaming(*pieces)
    *before, last = await frames_of_a_broken_stream(service)
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "stream_failed"
    assert before == [piece.decode().strip() for piece in pieces[:-1] if piece.startswith(b":")]


async def test_a_completion_with_content_passes_as_it_is(of_the_cloud):
    service, cloud = of_the_cloud
    whole = chunk("hi") + STOPPED
    cloud.script["/api/v1/chat/completions"] = streaming(whole[:20], whole[20:])
    answer = await service.call("POST", "/v1/chat/completions", {**BODY, "stream": True})
    assert await answer.read() == whole


async def test_an_empty_completion_of_another_provider_passes_as_it_is(service, other):
    other.script["/v1/chat/completions"] = streaming(STOPPED)
    answer = await service.call("POST", "/v1/chat/completions", {**BODY, "stream": True})
    assert await answer.read() == STOPPED


@pytest.mark.parametrize("said", ["Pricing unavailable for model gpt-9", "Pricing unavailable for voice"])
async def test_a_model_the_cloud_does_not_have_is_404_and_named(of_the_cloud, said):
    service, cloud = of_the_cloud
    cloud.script["/api/v1/chat/completions"] = answering(500, {"error": {"message": said}})
    status, body = await service.ask("POST", "/v1/chat/completions", {**BODY, "model": "gpt-9"})
    assert (status, body["error"]["code"]) == (404, "model_not_found")
    assert "gpt-9" in body["error"]["message"]
    assert len([asked for asked in cloud.asked if asked.path.endswith("completions")]) == 1


async def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(service, other):
    async def broken(request, _):
        response = web.StreamResponse(headers={"Content-Length": "100", "Content-Type": "audio/mpeg"})
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    other.script["/v1/audio/speech"] = broken
    with pytest.raises(aiohttp.ClientPayloadError):
        await service.call("POST", "/v1/audio/speech", {"model": "m", "input": "hi", "voice": "echo"})


async def test_a_client_that_goes_away_cancels_the_call(service, other):
    started, gone = asyncio.Event(), asyncio.Event()

    async def endless(request, _):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        started.set()
        try:
            while True:
                await response.write(chunk("more"))
                await asyncio.sleep(0.005)
        finally:
            gone.set()

    other.script["/v1/chat/completions"] = endless
    async with asyncio.timeout(HANG):
        answer = await service.session.post(
            f"{service.url}/v1/chat/completions", json=BODY, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        await started.wait()
        answer.close()
        await gone.wait()


async def test_a_client_that_goes_before_the_answer_cancels_the_call(service, other):
    started, gone = asyncio.Event(), asyncio.Event()

    async def silent(request, _):
        started.set()
        try:
            await asyncio.Event().wait()  # the test server cancels a handler whose client is gone
        finally:
            gone.set()

    other.script["/v1/chat/completions"] = silent
    async with asyncio.timeout(HANG):
        asking = asyncio.create_task(service.chat())
        await started.wait()
        asking.cancel()
        await gone.wait()


# Roads


async def test_nothing_is_routed_until_it_is_said(service):
    status, body = await service.chat()
    assert (status, body["error"]["code"]) == (503, "capability_not_routed")
    assert "eliza-cloud routing set llmText" in body["error"]["message"]
    status, body = await service.ask("POST", "/rpc/base", {"method": "eth_chainId"})
    assert (status, body["code"]) == (503, "capability_not_routed")
    status, body = await service.ask("POST", "/api/tts/cloud", {"text": "hi"})
    assert (status, body["code"]) == (503, "capability_not_routed")


async def test_a_sign_in_alone_routes_nothing(signed_in):
    await until(lambda: signed_in.manager.status().connected)
    assert (await signed_in.chat())[1]["error"]["code"] == "capability_not_routed"


async def test_a_hand_edit_counts_for_the_next_request_and_a_broken_one_changes_nothing(service, other, log):
    another = dict(DIRECT, primaryModel="edited")
    service.route(llmText=another)
    assert (await service.chat(model=None))[0] == 200
    assert other.asked[-1].body["model"] == "edited"
    good = service.file.read_text()
    service.file.write_text(good[:-10])
    for _ in range(3):
        assert (await service.chat(model=None))[0] == 200
    assert [entry["log_level"] for entry in log if entry["event"] == "routing.reload_failed"] == ["warning"]
    _, view = await service.ask("GET", "/api/cloud/routing")
    assert "eliza.json" in view["problem"]
    service.file.write_text("")
    assert (await service.chat(model=None))[0] == 200
    service.file.write_text(good.replace("edited", "again"))
    assert (await service.chat(model=None))[0] == 200
    assert other.asked[-1].body["model"] == "again"
    (recovered,) = [entry for entry in log if entry["event"] == "routing.recovered"]
    assert recovered["log_level"] == "info"
    assert recovered["duration_s"] > 0
    assert (await service.ask("GET", "/api/cloud/routing"))[1]["problem"] is None


async def test_the_file_is_read_once_for_many_requests_and_warned_about_once(service, other, monkeypatch):
    reads = []
    read = service.config.read
    config = type(service.config)
    monkeypatch.setattr(config, "read", lambda self: reads.append(1) or read())
    for _ in range(5):
        await service.chat()
    assert len(reads) <= 1


async def test_several_accounts_share_the_work_and_a_refused_one_rests(service, other):
    route = {**DIRECT, "accountIds": ["default", "work"], "strategy": "round-robin"}
    service.edit(env={"OTHER_KEY": KEY, "OTHER_KEY_WORK": "sk-work"})
    service.route(llmText=route)
    for _ in range(4):
        assert (await service.chat())[0] == 200
    keys = [asked.headers["Authorization"].removeprefix("Bearer ") for asked in other.asked]
    assert keys == [KEY, "sk-work"] * 2

    async def picky(request, body):
        if request.headers["Authorization"].endswith(KEY):
            return web.json_response(
                {"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "30"}
            )
        return web.json_response({"from": "work"})

    other.script["/v1/chat/completions"] = picky
    other.asked.clear()
    for _ in range(3):
        assert await service.chat() == (200, {"from": "work"})
    assert len(other.asked) == 4  # one failed over, and then no call asks the account that rests
    _, view = await service.ask("GET", "/api/cloud/routing")
    accounts = view["capabilities"]["llmText"]["accounts"]
    assert [(one["name"], one["cooldownSeconds"] > 0) for one in accounts] == [
        ("default", True),
        ("work", False),
    ]


async def test_switching_under_fifty_streams_breaks_none_and_mixes_none_up(service, provider):
    one, two = await provider("one"), await provider("two")
    service.edit(providers={each.name: {"baseUrl": each.url} for each in (one, two)})
    routes = [{"backend": name} for name in ("one", "two")]
    await service.ask("PUT", "/api/cloud/routing/llmText", routes[0])

    async def talk(number):
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": f"n{number}"}]}
        answer = await service.call("POST", "/v1/chat/completions", body)
        frames = (await answer.text()).strip().split("\n\n")
        assert frames.pop() == "data: [DONE]"
        pieces = [json.loads(f.removeprefix("data: "))["choices"][0]["delta"]["content"] for f in frames]
        name = pieces[0].split(":")[0]
        assert pieces == [f"{name}:n{number}:{place} " for place in range(20)]
        return name

    async def switch():
        for number in range(40):
            status, _ = await service.ask("PUT", "/api/cloud/routing/llmText", routes[number % 2])
            assert status == 200

    async def wave(number):
        return [await talk(f"{number}-{place}") for place in range(4)]

    switching = asyncio.create_task(switch())
    talked = await asyncio.gather(*map(wave, range(50)))
    await switching
    names = {name for names in talked for name in names}
    assert names == {"one", "two"}
