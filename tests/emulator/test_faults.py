"""Faults on demand, as they arrive at a client."""

import asyncio

import aiohttp
import pytest

PATH = "/api/v1/user"


async def _fault(api, **fault):
    return (await api.control("faults", **{"path": PATH, **fault})).body["id"]


async def test_a_delay_takes_the_emulators_time(api_c):
    await _fault(api_c, fault="delay", seconds=30)
    waiting = asyncio.create_task(api_c.get(PATH))
    await api_c.clock.until_asleep(30)
    assert not waiting.done()
    await api_c.clock.advance(30)
    assert (await waiting).status == 200


async def test_a_hanging_call_never_answers_until_its_seconds_are_over(api_c):
    await _fault(api_c, fault="hang", seconds=60)
    waiting = asyncio.create_task(api_c.get(PATH))
    await api_c.clock.until_asleep(60)
    await api_c.clock.advance(60)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await waiting


async def test_a_call_that_hangs_for_ever_does_not_keep_the_emulator_from_stopping(api_c):
    await _fault(api_c, fault="hang")
    with pytest.raises(TimeoutError):
        await api_c.get(PATH, timeout=aiohttp.ClientTimeout(total=0.05))


async def test_dropped_and_reset_connections(api_c):
    await _fault(api_c, fault="drop", count=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api_c.get(PATH)
    await _fault(api_c, fault="reset", count=1)
    with pytest.raises(aiohttp.ClientOSError):
        await api_c.get(PATH)
    assert (await api_c.get(PATH)).status == 200


async def test_a_drop_after_the_work_loses_only_the_answer(api_c):
    await _fault(api_c, path=api_c.agents, method="post", fault="drop", after=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api_c.create()
    assert [agent["agentName"] for agent in (await api_c.get(api_c.agents)).body["data"]] == ["ada"]


async def test_a_truncated_body_is_shorter_than_promised(api_c):
    await _fault(api_c, fault="truncate")
    with pytest.raises(aiohttp.ClientPayloadError):
        await api_c.get(PATH)


async def test_a_body_that_hangs_half_way(api_c):
    await _fault(api_c, fault="hang-body", seconds=10)
    async with await api_c.raw("GET", PATH) as response:
        assert response.status == 200
        await api_c.clock.until_asleep(10)
        await api_c.clock.advance(10)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_status_with_body_and_headers(api_c):
    await _fault(api_c, fault="status", status=503, body={"error": "later"}, headers={"Retry-After": "7"})
    answer = await api_c.get(PATH)
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, {"error": "later"}, "7")


async def test_malformed_html_and_redirected_answers(api_c):
    await _fault(api_c, fault="malformed", count=1)
    async with await api_c.raw("GET", PATH) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        with pytest.raises(ValueError, match="Expecting"):
            await response.json()
    await _fault(api_c, fault="html", status=404, count=1)
    answer = await api_c.get(PATH)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    await _fault(api_c, fault="redirect", location="https://evil.example/", count=1)
    answer = await api_c.get(PATH)
    assert (answer.status, answer.headers["Location"]) == (302, "https://evil.example/")


async def test_wrong_types_keep_the_shape(api_c):
    await _fault(api_c, fault="wrong-types")
    answer = await api_c.get(PATH)
    assert answer.body["success"] is True
    assert isinstance(answer.body["data"]["id"], int)
    assert answer.body["data"]["avatar"] == []
    assert answer.body["data"]["is_active"] == "True"


async def test_a_huge_body_goes_on_until_it_is_left(api_c):
    await _fault(api_c, fault="huge")
    response = await api_c.raw("GET", PATH)
    assert len(await response.content.readexactly(1024 * 1024)) == 1024 * 1024
    response.close()
    assert (await api_c.get("/emulator/faults")).body["data"][0]["used"] == 1


async def test_method_skip_count_and_use_are_respected(api_c):
    await _fault(api_c, fault="status", status=500, method="GET", skip=2, count=2)
    assert [(await api_c.get(PATH)).status for _ in range(6)] == [200, 200, 500, 500, 200, 200]
    assert (await api_c.get("/emulator/faults")).body["data"][0]["used"] == 2


async def test_the_newest_matching_fault_wins_and_all_can_be_taken_back(api_c):
    await _fault(api_c, path="/api/*", fault="status", status=500)
    newest = await _fault(api_c, path="/api/v1/us?r", fault="status", status=418)
    assert (await api_c.get(PATH)).status == 418
    assert (await api_c.call("DELETE", f"/emulator/faults/{newest}")).body["cleared"] == 1
    assert (await api_c.get(PATH)).status == 500
    assert (await api_c.get("/api/v1/models")).status == 500
    await api_c.call("DELETE", "/emulator/faults")
    assert (await api_c.get(PATH)).status == 200


async def test_a_fault_spoils_refusals_too(api_c):
    await _fault(api_c, fault="truncate", count=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await api_c.get(PATH, headers={"X-API-Key": "nope"})


@pytest.mark.parametrize(
    "body", [{"path": "*"}, {"path": "*", "fault": "explode"}, {"path": "*", "fault": "drop", "counts": 1}]
)
async def test_a_wrong_fault_is_refused_with_what_is_wrong(api_c, body):
    answer = await api_c.post("/emulator/faults", json=body)
    assert answer.status == 400
    assert answer.body["details"]
