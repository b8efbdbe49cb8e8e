"""The user, the balance (cloud-api §8, §15)."""

import pytest

from eliza_cloud.cloud.errors import InvalidResponse
from eliza_cloud.cloud.types.models import User

from .conftest import AGENT

USER = "/api/v1/user"
BALANCE = "/api/v1/credits/balance"


@pytest.mark.parametrize(
    ("data", "user"),
    [
        (
            {
                "id": "u1",
                "name": "Ada",
                "email": "a@b.c",
                "organization": {"id": "o1", "credit_balance": "12.50"},
            },
            User("u1", "o1", "Ada", "a@b.c"),
        ),
        ({"id": "u1", "name": None, "email": None, "organization": {}}, User("u1", None, None, None)),
        ({"id": "u1", "organization": None}, User("u1", None, None, None)),
        ({"id": 7, "organization": {"id": 8}}, User("7", "8", None, None)),
    ],
)
async def test_the_user_is_read_with_whatever_is_missing(client, cloud, data, user):
    cloud.on("GET", USER, (200, {"success": True, "data": data}))
    assert await client.get_user() == user


@pytest.mark.parametrize(
    "body", [{"success": True}, {"success": True, "data": None}, {"data": {"id": " "}}, {"data": []}]
)
async def test_a_user_without_an_id_is_a_bad_answer(client, cloud, body):
    cloud.on("GET", USER, (200, body))
    with pytest.raises(InvalidResponse, match="unexpected response"):
        await client.get_user()


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ({"balance": 15.5}, 15.5),
        ({"balance": 0}, 0.0),
        ({"balance": "12.50"}, 12.5),
        ({"balance": " 3 "}, 3.0),
        ({"balance": "-0.25"}, -0.25),
        ({"success": True, "data": {"balance": 4}}, 4.0),
        ({"data": {"balance": "4.125"}}, 4.125),
        ({"balance": None, "data": {"balance": 1}}, 1.0),
    ],
)
async def test_a_balance_is_a_number_wherever_and_however_it_is_written(client, cloud, body, balance):
    cloud.on("GET", BALANCE, (200, body))
    assert await client.get_balance() == balance


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"balance":null}',
        b'{"balance":"lots"}',
        b'{"balance":true}',
        b'{"balance":"1_000"}',
        b'{"balance":"NaN"}',
        b'{"balance":[1]}',
        b'{"balance":"' + b"9" * 400 + b'"}',
        b'{"data":5}',
    ],
)
async def test_what_is_no_balance_is_an_unexpected_response(client, cloud, body):
    cloud.on("GET", BALANCE, (200, body))
    with pytest.raises(InvalidResponse, match="unexpected response"):
        await client.get_balance()


async def test_a_fresh_balance_is_asked_for_past_the_cache(client, cloud):
    cloud.on("GET", BALANCE, (200, {"balance": 1}))
    await client.get_balance()
    await client.get_balance(fresh=True)
    assert [asked.query for asked in cloud.asked] == ["", "fresh=true"]


async def test_agents_are_listed_with_unknown_words_kept_and_their_objects_untouched(client, cloud):
    raw = {
        "id": AGENT,
        "agentName": None,
        "status": "hibernating",
        "executionTier": "dreamy",
        "extra": [1, {"a": None}],
    }
    cloud.agents(agents=[raw, {"id": 5, "agentName": "b"}])
    first, second = await client.list_agents()
    assert (first.id, first.name, first.status) == (AGENT, None, "hibernating")
    assert first.raw == raw
    assert (second.id, second.name, second.status) == ("5", "b", "unknown")


@pytest.mark.parametrize(
    "body", [{"success": True}, {"data": {}}, {"data": None}, {"data": [1]}, {"data": [{}]}]
)
async def test_what_is_no_list_of_agents_is_never_an_empty_list(client, cloud, body):
    cloud.on("GET", "/api/v1/eliza/agents", (200, body))
    with pytest.raises(InvalidResponse):
        await client.list_agents()


async def test_an_agent_is_read(client, cloud):
    agent = cloud.agents()
    raw = {"id": AGENT, "agentName": "a", "status": "running", "bridgeUrl": "http://10.0.0.1"}
    cloud.on("GET", agent, (200, {"success": True, "data": raw}), (200, {"success": True}))
    assert (await client.get_agent(AGENT)).raw == raw
    with pytest.raises(InvalidResponse):
        await client.get_agent(AGENT)
