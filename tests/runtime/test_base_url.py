"""A base URL that is refused never stops the service, and never leads to a connection."""

import aiohttp
import pytest

from eliza_cloud.runtime.operations.agents import AgentRequest
from tests.harness.failing import failing
from tests.harness.scripted_cloud import KEY, A


@pytest.fixture(autouse=True)
def refused(rig):
    rig.allow_loopback = False


async def calls_of(link):
    return (
        link.connect(A),
        link.begin_connect(A),
        link.start_login(),
        link.ask_cloud(lambda client: client.list_agents()),
        link.create_agent(AgentRequest(name="alpha")),
        link.take_backup(A),
        link.restore(A, None),
        link.shutdown_agent(A),
        link.suspend_agent(A),
        link.resume_agent(A),
    )


@pytest.mark.parametrize("key", [KEY, None])
async def test_what_needs_the_cloud_answers_400_with_the_reason_and_nothing_is_connected_to(rig, cloud, key):
    connections = []
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(lambda *connecting: connections.append(connecting))
    rig.traces.append(trace)
    link = await rig.start(key=key, verified=False)
    for call in await calls_of(link):
        refusal = await failing(call)
        assert (refusal.status, refusal.code) == (400, "base_url_refused")
        assert "https" in refusal.message
    await rig.long_time()
    assert cloud.calls == []
    assert connections == []
    assert rig.state == "disconnected"


async def test_the_status_answers_and_the_log_says_why_once(rig):
    link = await rig.start(verified=False)
    await rig.quiet()
    view = link.status()
    assert (view.connected, view.has_api_key, view.reason) == (
        False,
        True,
        "api_key_present_not_authenticated",
    )
    assert len(rig.logged("cloud.base_url_refused")) == 1


async def test_a_disconnect_signs_out_all_the_same(rig, cloud):
    link = await rig.start(verified=False)
    await link.disconnect()
    assert (await rig.credentials.load()).key is None
    assert cloud.calls == []


async def test_a_wish_waits_for_a_base_url_that_is_accepted(rig, cloud):
    rig.allow_loopback = True
    await rig.connected()
    await rig.stop()
    rig.allow_loopback = False
    calls = len(cloud.calls)
    await rig.start(key=None)
    await rig.long_time()
    assert (rig.state, len(cloud.calls)) == ("disconnected", calls)
    rig.allow_loopback = True
    await rig.restart()
    await rig.until(lambda: rig.state == "connected")
