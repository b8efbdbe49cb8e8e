"""The official OpenAI client, pointed at the service: through the cloud, a provider, all roads at once."""

import openai
import pytest

from tests.routing.conftest import CLOUD

HELLO = [{"role": "user", "content": "hello"}]


def direct(name):
    return {"backend": name, "transport": "direct"}


def named(*providers):
    return {one.name: {"baseUrl": one.url} for one in providers}


async def streamed(client, model="m", text="hello"):
    messages = [{"role": "user", "content": text}]
    stream = await client.chat.completions.create(model=model, messages=messages, stream=True)
    return "".join([piece.choices[0].delta.content or "" async for piece in stream])


async def test_everything_goes_through_the_cloud(signed_in, client_of):
    signed_in.route(llmText=CLOUD, embeddings=CLOUD, tts=CLOUD, media=CLOUD)
    client = client_of(signed_in)

    whole = await client.chat.completions.create(model="openai/gpt-oss-120b", messages=HELLO)
    assert whole.choices[0].message.content == await streamed(client)
    assert whole.usage.total_tokens > 0
    vectors = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert [len(one.embedding) for one in vectors.data] == [8, 8]
    sound = await client.audio.speech.create(model="tts-1", voice="alloy", input="Good morning")
    assert sound.content.startswith(b"\xff\xfb")
    drawn = await client.images.generate(prompt="a cat", n=2, size="1792x1024")
    assert [one.url.endswith(".png") for one in drawn.data] == [True, True]
    assert "openai/gpt-oss-120b" in [model.id async for model in client.models.list()]


async def test_everything_goes_to_a_direct_provider(service, provider, client_of):
    other = await provider("other")
    service.edit(providers=named(other))
    service.route(**dict.fromkeys(("llmText", "embeddings", "tts", "media"), direct("other")))
    client = client_of(service)

    whole = await client.chat.completions.create(model="m", messages=HELLO)
    assert whole.choices[0].message.content == "other says hello"
    assert (await streamed(client)).split()[-1] == "other:hello:19"
    assert (await client.embeddings.create(model="e", input="a")).data[0].embedding == [0.5, 5.0]
    assert (await client.audio.speech.create(model="t", voice="alloy", input="hi")).content == b"other hi"
    assert (await client.images.generate(prompt="a cat")).data[0].url == "https://other.example/1"
    assert [model.id async for model in client.models.list()] == ["eliza-agent", "other-model"]


async def test_five_capabilities_take_five_roads(signed_in, provider, client_of):
    one, two, three = [await provider(name) for name in ("one", "two", "three")]
    signed_in.edit(providers=named(one, two), env={"ELIZA_REMOTE_TOKEN": "remote-token"})
    signed_in.route(
        llmText=direct("one"),
        tts=CLOUD,
        media=direct("two"),
        embeddings={"transport": "remote", "remoteApiBase": three.url},
        rpc=CLOUD,
    )
    client = client_of(signed_in)

    assert (await client.chat.completions.create(model="m", messages=HELLO)).choices[0].message.content == (
        "one says hello"
    )
    assert (await client.audio.speech.create(model="tts-1", voice="alloy", input="hi")).content[
        :2
    ] == b"\xff\xfb"
    assert (await client.images.generate(prompt="a cat")).data[0].url == "https://two.example/1"
    assert (await client.embeddings.create(model="e", input="a")).data[0].embedding == [0.5, 5.0]
    chain = {"jsonrpc": "2.0", "id": 7, "method": "eth_chainId"}
    status, answer = await signed_in.ask("POST", "/rpc/base", chain)
    assert (status, answer["result"]) == (200, "0x2105")
    assert [len(each.asked) for each in (one, two, three)] == [1, 1, 1]
    assert three.asked[0].headers["Authorization"] == "Bearer remote-token"


async def test_errors_arrive_as_the_clients_own(service, provider, client_of):
    client = client_of(service)
    with pytest.raises(openai.InternalServerError) as refused:
        await client.chat.completions.create(model="m", messages=HELLO)
    assert (refused.value.status_code, refused.value.code) == (503, "capability_not_routed")
    service.route(llmText=CLOUD)
    with pytest.raises(openai.AuthenticationError, match="Not connected to Eliza Cloud"):
        await client.chat.completions.create(model="m", messages=HELLO)
    stranger = client.with_options(api_key="wrong")
    with pytest.raises(openai.AuthenticationError):
        await stranger.chat.completions.create(model="m", messages=HELLO)


async def test_out_of_credits_is_an_error_and_not_a_reply(signed_in, cloud, client_of):
    """local-api §20 row 43."""
    signed_in.route(llmText=CLOUD)
    await cloud.control("organization", balance=0)
    with pytest.raises(openai.APIStatusError) as refused:
        await client_of(signed_in).chat.completions.create(model="m", messages=HELLO)
    assert (refused.value.status_code, refused.value.code) == (402, "credits_exhausted")


async def test_the_connected_agent_is_a_model(signed_in, client_of):
    client = client_of(signed_in)
    with pytest.raises(openai.InternalServerError) as refused:
        await client.chat.completions.create(model="eliza-agent", messages=HELLO)
    assert refused.value.code == "agent_not_running"

    _, made = await signed_in.ask("POST", "/api/cloud/agents", {"agentName": "ada"})
    status, _ = await signed_in.ask("POST", f"/api/cloud/agents/{made['agent']['id']}/connect")
    assert status == 200
    whole = await client.chat.completions.create(model="eliza-agent", messages=HELLO)
    assert whole.choices[0].message.content
    assert whole.model == "eliza-agent"
    assert await streamed(client, "eliza-agent", "I am sad")
    with pytest.raises(openai.BadRequestError, match="user message"):
        await client.chat.completions.create(
            model="eliza-agent", messages=[{"role": "system", "content": "x"}]
        )
