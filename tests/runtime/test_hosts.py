"""A base URL that leads to another host of the same cloud (cloud-api-latest L1)."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.harness.scripted_cloud import A


@pytest.fixture
async def former_host(rig):
    """A host that sends every API request on to the cloud; it lists what it was asked."""
    asked = []

    async def send_on(request):
        asked.append(request.path_qs)
        raise web.HTTPPermanentRedirect(f"{present.rstrip('/')}{request.path_qs}")

    app = web.Application()
    app.router.add_route("*", "/api/{rest:.*}", send_on)
    server = TestServer(app)
    await server.start_server()
    present, rig.base_url = rig.base_url, str(server.make_url("/"))
    yield asked
    await server.close()


def origins(rig):
    return tuple(str(url) for url in (rig.link.origins.api, rig.link.origins.pages))


async def moved(rig):
    """Wait until the present host is written down."""
    await rig.until(lambda: rig.logged("cloud.moved") and "cloud_move" not in rig.tasks())


async def test_a_link_through_a_former_host_stands_and_the_former_host_is_asked_once(rig, cloud, former_host):
    present = str(rig.server.make_url("/")).rstrip("/")
    await rig.connected()
    assert former_host == ["/api/v1/user"]
    assert origins(rig) == (present, present)
    (line,) = rig.logged("cloud.moved")
    assert (line["log_level"], line["api"], line["pages"]) == ("info", present, present)


async def test_the_next_start_begins_at_the_present_host_and_says_nothing(rig, cloud, former_host):
    await rig.connected()
    await moved(rig)
    former_host.clear()
    rig.log.clear()
    await rig.restart()
    await rig.until(lambda: rig.state == "connected")
    assert (former_host, rig.logged("cloud.moved")) == ([], [])
    assert rig.link.facts.agent_id == A


async def test_another_base_url_is_used_as_it_is_set(rig, cloud, former_host):
    await rig.connected()
    await moved(rig)
    await rig.stop()
    rig.base_url = f"{rig.base_url}other"
    link = await rig.start(verified=False)
    assert str(link.origins.api) == rig.base_url


async def test_the_pages_that_are_set_stay_through_a_move(rig, cloud, former_host):
    rig.pages_url = "http://127.0.0.1:9/pages"
    link = await rig.start()
    await moved(rig)
    assert (await link.start_login()).browser_url.startswith(f"{rig.pages_url}/auth/cli-login?session=")


async def test_pages_that_are_at_no_https_address_are_refused_like_a_base_url(rig, cloud):
    rig.pages_url = "http://pages.example"
    link = await rig.start(verified=False)
    assert link.readiness() == "base_url_refused"
    assert "pages" in link.health().items[0].detail
    assert cloud.calls == []
