"""The hosts of Eliza Cloud, and a redirect between them (cloud-api, generation L)."""

import asyncio

import msgspec
import pytest
from aiohttp import web
from yarl import URL

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import BaseUrlRefused, Redirected, Unreachable
from eliza_cloud.cloud.http.address import CloudAddress, Origins, parse_base_url, parse_pages_url

from .conftest import AGENT, KEY

USER = "/api/v1/user"
AGENT_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def address_of(url, pages=None, reports=None):
    base_url = parse_base_url(url, allow_loopback=True)
    pages_url = None if pages is None else parse_pages_url(pages, allow_loopback=True)
    return CloudAddress(base_url, pages_url, on_moved=[].append if reports is None else reports.append)


def target(base, location, *, path="/api/v1/user?a=%2F&b=1", status=308):
    address = address_of(base)
    return address.redirect_target(URL(f"{address.base_url}{path}", encoded=True), status, location)


PATH = "/api/v1/user?a=%2F&b=1"
PRODUCTION = [
    "elizacloud.ai",
    "www.elizacloud.ai",
    "dev.elizacloud.ai",
    "app.elizacloud.ai",
    "api.elizacloud.ai",
    "cloud.eliza.app",
    "api.eliza.app",
    "eliza.app",
]
STAGING = [
    "api-staging.elizacloud.ai",
    "cloud-staging.eliza.app",
    "api-staging.eliza.app",
    "staging.eliza.app",
]


@pytest.mark.parametrize("hosts", [PRODUCTION, STAGING])
@pytest.mark.parametrize("status", [307, 308])
def test_every_host_of_one_cloud_may_send_on_to_every_other(hosts, status):
    for one in hosts:
        for other in hosts:
            location = f"https://{other}{PATH}"
            expected = None if one == other else URL(location, encoded=True)
            assert target(f"https://{one}", location, status=status) == expected


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 306])
def test_other_statuses_are_never_followed(status):
    assert target("https://www.elizacloud.ai", f"https://api.eliza.app{PATH}", status=status) is None


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        PATH,
        f"//api.eliza.app{PATH}",
        f"http://api.eliza.app{PATH}",
        f"https://api.eliza.app:8443{PATH}",
        f"https://api.eliza.app.{PATH}",
        f"https://user@api.eliza.app{PATH}",
        f"https://:@api.eliza.app{PATH}",
        f"https://api.eliza.app@evil.example{PATH}",
        f"https://api.eliza.app\\@evil.example{PATH}",
        f"https://api.eliza.app{PATH}#x",
        "https://api.eliza.app/api/v1/user",
        "https://api.eliza.app/api/v1/user?a=/&b=1",
        "https://api.eliza.app/api/v1/user?b=1&a=%2F",
        "https://api.eliza.app/api/v1/../v1/user?a=%2F&b=1",
        f"https://api.eliza.app{PATH}&c=2",
        "https://api.eliza.app/",
        f"https://api-staging.eliza.app{PATH}",
        f"https://evil.example{PATH}",
        f"https://eliza.app.evil.example{PATH}",
        f"https://evil.eliza.app{PATH}",
        f"https://evil.elizacloud.ai{PATH}",
        f"https://{AGENT_ID}.cloud.eliza.app{PATH}",
        f"https://{AGENT_ID}.elizacloud.ai{PATH}",
        f"https://xn--eliza-app{PATH}",
        f"http://127.0.0.1:8080{PATH}",
        "https://[::1",
        "javascript:0",
    ],
)
def test_a_listed_host_leads_nowhere_else(location):
    assert target("https://www.elizacloud.ai", location) is None


def test_hosts_are_compared_without_regard_to_case_and_to_the_default_port():
    assert target("https://WWW.elizacloud.ai:443", f"https://API.Eliza.App:443{PATH}") is not None


@pytest.mark.parametrize(
    "base",
    [
        "https://cloud.example.com",
        "https://www.elizacloud.ai:8443",
        "https://api-staging.eliza.app",
        "https://93.184.216.34",
        "http://127.0.0.1:4400",
    ],
)
def test_another_cloud_does_not_lead_to_a_listed_host(base):
    assert target(base, f"https://api.eliza.app{PATH}") is None


def test_a_path_of_the_base_url_has_to_stay():
    assert target("https://www.elizacloud.ai/x", f"https://api.eliza.app{PATH}") is None
    moved = target("https://www.elizacloud.ai/x", f"https://api.eliza.app/x{PATH}")
    assert moved is not None
    address = address_of("https://www.elizacloud.ai/x")
    address.move_to(moved)
    assert str(address.base_url) == "https://api.eliza.app/x"


@pytest.mark.parametrize(
    ("base", "location", "followed"),
    [
        ("http://127.0.0.1:4400", f"http://127.0.0.1:4401{PATH}", True),
        ("http://127.0.0.1:4400", f"http://localhost:4401{PATH}", True),
        ("http://localhost:4400", f"http://[::1]:4401{PATH}", True),
        ("http://127.0.0.1:4400", f"http://127.0.0.1:4400{PATH}", False),
        ("http://127.0.0.1:4400", f"https://127.0.0.1:4401{PATH}", False),
        ("https://127.0.0.1:4400", f"http://127.0.0.1:4401{PATH}", False),
        ("http://127.0.0.1:4400", f"http://127.0.0.1.nip.io:4401{PATH}", False),
        ("http://127.0.0.1:4400", f"http://0.0.0.0:4401{PATH}", False),
        ("http://127.0.0.1:4400", f"http://10.0.0.1:4401{PATH}", False),
        ("http://127.0.0.1:4400", f"http://[::ffff:127.0.0.1]:4401{PATH}", False),
        ("http://127.0.0.1:4400", "http://127.0.0.1:4401/elsewhere", False),
    ],
)
def test_under_the_development_switch_ports_of_loopback_stand_for_hosts(base, location, followed):
    assert target(base, location) == (URL(location, encoded=True) if followed else None)


@pytest.mark.parametrize(
    ("base", "pages"),
    [
        ("https://www.elizacloud.ai", "https://www.elizacloud.ai"),
        ("https://elizacloud.ai", "https://elizacloud.ai"),
        ("https://app.elizacloud.ai", "https://app.elizacloud.ai"),
        ("https://cloud.eliza.app", "https://cloud.eliza.app"),
        ("https://api.eliza.app", "https://cloud.eliza.app"),
        ("https://api.elizacloud.ai", "https://cloud.eliza.app"),
        ("https://eliza.app", "https://cloud.eliza.app"),
        ("https://cloud-staging.eliza.app", "https://cloud-staging.eliza.app"),
        ("https://api-staging.eliza.app", "https://cloud-staging.eliza.app"),
        ("https://api-staging.elizacloud.ai", "https://cloud-staging.eliza.app"),
        ("https://staging.eliza.app", "https://cloud-staging.eliza.app"),
        ("https://api.eliza.app:8443", "https://api.eliza.app:8443"),
        ("https://cloud.example.com/x", "https://cloud.example.com/x"),
        ("http://127.0.0.1:4400", "http://127.0.0.1:4400"),
    ],
)
def test_each_base_url_has_its_pages(base, pages):
    assert str(address_of(base).pages_url) == pages


@pytest.mark.parametrize(
    ("base", "moved_to", "pages"),
    [
        ("https://www.elizacloud.ai", "https://api.eliza.app", "https://cloud.eliza.app"),
        ("https://www.elizacloud.ai", "https://cloud.eliza.app", "https://cloud.eliza.app"),
        ("https://www.elizacloud.ai", "https://elizacloud.ai", "https://cloud.eliza.app"),
        (
            "https://api-staging.elizacloud.ai",
            "https://api-staging.eliza.app",
            "https://cloud-staging.eliza.app",
        ),
        ("http://127.0.0.1:4400", "http://127.0.0.1:4401", "http://127.0.0.1:4401"),
    ],
)
def test_a_move_takes_the_pages_from_the_table_and_is_reported_once(base, moved_to, pages):
    reports = []
    address = address_of(base, reports=reports)
    for _ in range(2):
        address.move_to(URL(f"{moved_to}{PATH}"))
    assert [(str(report.api), str(report.pages)) for report in reports] == [(moved_to, pages)]
    assert isinstance(reports[0], Origins)
    assert (str(address.base_url), str(address.pages_url)) == (moved_to, pages)


def test_pages_that_were_set_stay():
    address = address_of("https://www.elizacloud.ai", "https://pages.example.com/")
    address.move_to(URL(f"https://api.eliza.app{PATH}"))
    assert (str(address.base_url), str(address.pages_url)) == (
        "https://api.eliza.app",
        "https://pages.example.com",
    )


@pytest.mark.parametrize("url", ["http://pages.example.com", "https://10.0.0.1", "x", ""])
def test_a_pages_url_that_is_refused_names_its_own_setting(url):
    with pytest.raises(BaseUrlRefused, match=r"cloud\.pagesUrl"):
        parse_pages_url(url, allow_loopback=False)


@pytest.mark.parametrize("host", ["cloud.eliza.app", "cloud-staging.eliza.app", "elizacloud.ai"])
def test_an_agents_own_host_is_not_the_cloud(host):
    """Any request to it starts the agent, which costs."""
    with pytest.raises(BaseUrlRefused, match="one agent"):
        parse_base_url(f"https://{AGENT_ID}.{host}", allow_loopback=False)


@pytest.fixture
async def moved(cloud, make_cloud):
    """A legacy host that sends every call on, and the host it sends to."""
    new = await make_cloud()

    async def send_on(request):
        return web.Response(
            status=308, headers={"Location": f"http://127.0.0.1:{new.port}{request.rel_url.raw_path_qs}"}
        )

    class Everything(dict):
        def get(self, _):
            return [send_on]

    cloud.script = Everything()
    return new


@pytest.fixture
async def legacy_client(cloud, make_client):
    reports = []
    address = CloudAddress(cloud.base_url, on_moved=reports.append)
    client = make_client(base_url=address)
    return client, address, reports


async def test_a_call_that_is_sent_on_is_repeated_there_with_body_and_key(moved, cloud, legacy_client):
    client, address, reports = legacy_client
    agent = moved.agents("eliza")
    data = {"restoredFromBackupId": "b1"}
    moved.on("POST", f"{agent}/restore", (200, {"success": True, "data": data}))
    await client.restore(AGENT, "b1")
    await client.restore(AGENT, "b1")
    assert [asked.path for asked in cloud.asked] == ["/api/v1/eliza/agents"], (
        "only the first call took the detour"
    )
    for asked in moved.asked:
        assert asked.headers["X-API-Key"] == KEY
    assert [msgspec.json.decode(asked.body) for asked in moved.asked if asked.method == "POST"] == [
        {"backupId": "b1"},
        {"backupId": "b1"},
    ]
    assert [str(report.api) for report in reports] == [f"http://127.0.0.1:{moved.port}"]
    assert str(client.base_url) == str(address.base_url) == f"http://127.0.0.1:{moved.port}"


async def test_a_post_with_a_body_is_repeated_as_it_was(moved, legacy_client):
    client, _, _ = legacy_client
    moved.on("POST", "/api/v1/embeddings", (200, {"object": "list", "data": []}))
    body = {"model": "m", "input": "text"}
    async with client.open("embeddings", body, headers={}, timeout=None) as response:
        assert (await response.json())["object"] == "list"
    assert msgspec.json.decode(moved.asked[0].body) == body


async def test_a_sign_in_moves_and_shows_the_page_of_the_new_pair(moved, legacy_client):
    client, _, _ = legacy_client
    moved.on("POST", "/api/auth/cli-session", (201, {"sessionId": "s1", "status": "pending"}))
    session = await client.create_login_session()
    assert session.browser_url == f"http://127.0.0.1:{moved.port}/auth/cli-login?session=s1"
    assert not {"X-API-Key", "Authorization"} & set(moved.asked[0].headers)
    assert not any(asked.path.startswith("/auth/") for asked in moved.asked), "the page is never fetched"


async def test_clients_of_one_address_move_together(moved, cloud, make_client):
    address = CloudAddress(cloud.base_url)
    moved.on("GET", USER, (200, {"data": {"id": "u"}}))
    await make_client(base_url=address).get_user()
    await make_client(base_url=address, key="eliza_" + "b" * 64).get_user()
    assert (len(cloud.asked), len(moved.asked)) == (1, 2)


async def test_concurrent_first_calls_report_one_move(moved, legacy_client):
    client, _, reports = legacy_client
    moved.on("GET", USER, (200, {"data": {"id": "u"}}))
    await asyncio.gather(*(client.get_user() for _ in range(6)))
    assert len(reports) == 1


async def test_a_client_of_a_plain_base_url_follows_too(moved, make_client):
    moved.on("GET", USER, (200, {"data": {"id": "u"}}))
    assert (await make_client().get_user()).id == "u"


async def test_a_second_redirect_is_refused_and_nothing_is_remembered(
    moved, make_cloud, cloud, legacy_client
):
    client, address, reports = legacy_client
    third = await make_cloud()
    moved.on("GET", USER, (308, b"", {"Location": f"http://127.0.0.1:{third.port}{USER}"}))
    with pytest.raises(Redirected, match=r"127\.0\.0\.1"):
        await client.get_user()
    assert third.asked == []
    assert reports == []
    assert address.base_url == cloud.base_url


async def test_a_new_host_that_does_not_answer_is_named_and_not_remembered(
    cloud, legacy_client, unused_tcp_port
):
    client, address, reports = legacy_client
    new = f"http://127.0.0.1:{unused_tcp_port}"
    cloud.on("GET", USER, (308, b"", {"Location": f"{new}{USER}"}))
    with pytest.raises(Unreachable, match=str(unused_tcp_port)):
        await client.get_user()
    assert reports == []
    assert address.base_url == cloud.base_url


async def test_the_address_guard_holds_for_the_new_host(cloud, make_client):
    """A loopback cloud under the switch never leads out of this machine, and a public one never into it."""
    cloud.on("GET", USER, (308, b"", {"Location": f"https://api.eliza.app{USER}"}))
    with pytest.raises(Redirected, match=r"api\.eliza\.app"):
        await make_client().get_user()


@pytest.mark.parametrize("answer", [["10.0.0.1"], ["127.0.0.1"], ["93.184.216.34", "::1"]])
async def test_a_listed_host_that_resolves_inwards_is_refused_by_its_name(answer, monkeypatch):
    from eliza_cloud.cloud.http.session import AddressGuard, AddressRefused, GuardedResolver  # noqa: PLC0415

    from .test_transport import Names  # noqa: PLC0415

    guard = AddressGuard(parse_base_url("https://www.elizacloud.ai", allow_loopback=False))
    with pytest.raises(AddressRefused, match=r"api\.eliza\.app leads to"):
        await GuardedResolver(guard, Names(answer)).resolve("api.eliza.app", 443)


async def test_the_stream_and_what_is_passed_on_move_too(moved, legacy_client):
    client, _, _ = legacy_client
    agent = moved.agents("eliza")
    events = b'event: chunk\ndata: {"text":"Hello"}\n\nevent: done\ndata: {}\n\n'
    moved.on("POST", f"{agent}/stream", (200, events))
    moved.on("GET", "/api/compat/agents", (200, {"success": True}))
    async with client.compat("GET", "/api/compat/agents", b"") as answer:
        assert answer.status == 200
    assert [piece async for piece in client.stream_message(AGENT, "hi")] == ["Hello"]


def test_a_client_shows_where_it_calls(cloud):
    address = CloudAddress(parse_base_url("https://api.eliza.app", allow_loopback=False))
    client = ElizaCloudClient(CloudConfig(KEY), address=address)
    assert (str(client.base_url), str(client.pages_url)) == (
        "https://api.eliza.app",
        "https://cloud.eliza.app",
    )
