"""Finding the agent prefix (cloud-api §3)."""

import asyncio

import pytest

from eliza_cloud.cloud.errors import (
    CloudServerError,
    InvalidResponse,
    KeyRefused,
    NotFound,
    RateLimited,
    Redirected,
    TimedOut,
)

from .conftest import AGENT

EMPTY = {"success": True, "data": []}
LISTS = [f"/api/v1/{prefix}/agents" for prefix in ("eliza", "milady", "milaidy")]


@pytest.mark.parametrize("prefix", ["eliza", "milady", "milaidy"])
async def test_the_first_prefix_that_answers_json_is_used_and_remembered(client, cloud, prefix):
    agent = cloud.agents(prefix)
    cloud.on("GET", agent, (200, {"success": True, "data": {"id": AGENT, "status": "running"}}))
    assert (await client.get_agent(AGENT)).status == "running"
    await client.get_agent(AGENT)
    order = ["eliza", "milady", "milaidy"]
    probed = [f"/api/v1/{name}/agents" for name in order[: order.index(prefix) + 1]]
    assert [asked.path for asked in cloud.asked] == [*probed, agent, agent]
    assert {asked.method for asked in cloud.asked} == {"GET"}


async def test_a_framework_that_answers_500_in_html_for_unknown_paths_does_not_stop_the_search(client, cloud):
    cloud.on("GET", LISTS[0], (500, b"<html>Internal Server Error</html>"))
    cloud.agents("milady")
    assert await client.list_agents() == []


@pytest.mark.parametrize(
    ("status", "error"), [(401, KeyRefused), (429, RateLimited), (500, CloudServerError), (404, NotFound)]
)
async def test_json_of_any_status_settles_the_prefix_for_this_call(client, cloud, status, error):
    refusal = (status, {"success": False, "error": "no"})
    cloud.on("GET", LISTS[0], refusal, refusal, (404, b"<html>"))
    cloud.agents("milady")
    with pytest.raises(error):
        await client.list_agents()
    assert [asked.path for asked in cloud.asked] == [LISTS[0]] * 2
    assert await client.list_agents() == []  # what refused was not the cloud, but something before it


async def test_an_answer_that_is_no_list_settles_the_prefix_for_this_call(client, cloud):
    strange = (200, {"success": True, "data": 7})
    cloud.on("GET", LISTS[0], strange, strange, (404, b"<html>"))
    cloud.agents("milady")
    with pytest.raises(InvalidResponse):
        await client.list_agents()
    assert await client.list_agents() == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((503, b"<html>maintenance</html>"), CloudServerError),
        ((502, b""), CloudServerError),
        ((200, b"<html>sign in to the network</html>"), InvalidResponse),
        ((302, b"", {"Location": "/login"}), Redirected),
    ],
)
async def test_what_proves_nothing_about_the_prefix_is_an_error_and_is_not_remembered(
    client, cloud, answer, error
):
    cloud.on("GET", LISTS[0], answer, (200, EMPTY))
    with pytest.raises(error):
        await client.list_agents()
    assert cloud.count("GET", LISTS[1]) == 0
    assert await client.list_agents() == []


async def test_a_server_without_any_prefix_is_no_eliza_cloud(client, cloud):
    with pytest.raises(InvalidResponse) as caught:
        await client.list_agents()
    assert "is not an Eliza Cloud" in str(caught.value)
    assert [asked.path for asked in cloud.asked] == LISTS
    cloud.agents("eliza")
    assert await client.list_agents() == []


async def test_a_server_that_fails_everywhere_is_a_fault_of_the_cloud(client, cloud):
    for path in LISTS:
        cloud.on("GET", path, (500, b"<html>"))
    with pytest.raises(CloudServerError):
        await client.list_agents()


async def test_concurrent_first_calls_probe_once(client, cloud):
    agent = cloud.agents("milady")
    cloud.on("GET", f"{agent}/backups", (200, EMPTY))
    await asyncio.gather(*(client.list_backups(AGENT) for _ in range(8)))
    assert cloud.count("GET", LISTS[0]) == 1
    assert cloud.count("GET", LISTS[1]) == 1
    assert cloud.count("GET", f"{agent}/backups") == 8


async def test_a_probe_that_hangs_does_not_outlive_the_call_nor_block_the_next(cloud, make_client):
    cloud.on("GET", LISTS[0], cloud.hang, (200, EMPTY))
    client = make_client(heartbeat=0.05, rest=5.0)
    first = asyncio.create_task(client.heartbeat(AGENT))
    second = asyncio.create_task(client.list_agents())
    with pytest.raises(TimedOut):
        await first
    assert await second == []


@pytest.mark.parametrize("status", [404, 500])
async def test_a_server_upgrade_heals_on_the_next_call(client, cloud, status):
    old = cloud.agents("milady")
    cloud.on("POST", f"{old}/provision", (200, {"success": True, "data": {"status": "running"}}))
    assert (await client.provision(AGENT)).status == "running"

    cloud.script.clear()
    cloud.on("POST", f"{old}/provision", (status, b"<html>gone</html>"))
    new = cloud.agents("eliza")
    cloud.on("POST", f"{new}/provision", (200, {"success": True, "data": {"status": "running"}}))
    with pytest.raises((NotFound, CloudServerError)) as caught:
        await client.provision(AGENT)
    assert caught.value.retryable
    assert (await client.provision(AGENT)).status == "running"
    assert cloud.count("POST", f"{new}/provision") == 1
    assert cloud.count("POST", f"{old}/provision") == 2


async def test_a_json_404_neither_moves_the_prefix_nor_is_it_sought_again(client, cloud):
    agent = cloud.agents("milady")
    cloud.on("GET", agent, (404, {"success": False, "error": "Agent not found"}))
    for _ in range(2):
        with pytest.raises(NotFound) as caught:
            await client.get_agent(AGENT)
        assert caught.value.is_json
    assert cloud.count("GET", LISTS[1]) == 1


async def test_the_call_itself_is_never_used_as_the_probe(client, cloud):
    agent = cloud.agents("milaidy")
    cloud.on("POST", f"{agent}/snapshot", (200, {"success": True, "data": {"backupId": "b1"}}))
    await client.snapshot(AGENT)
    assert [asked.path for asked in cloud.asked if asked.method == "POST"] == [f"{agent}/snapshot"]
