"""The address that was checked is the address that is connected to."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from yarl import URL

from eliza_cloud.cloud.errors import BaseUrlRefused, NameNotFound, TimedOut, Unreachable
from eliza_cloud.cloud.http.address import BaseUrl, parse_base_url
from eliza_cloud.cloud.http.session import AddressGuard, AddressRefused, GuardedResolver, open_session

PUBLIC = parse_base_url("https://cloud.example.com", allow_loopback=True)
LOOPBACK = parse_base_url("http://localhost:4400", allow_loopback=True)


class Names(AbstractResolver):
    """A name service that gives out prepared answers in order."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        addresses = self.answers.pop(0)
        if not addresses:
            raise OSError(None, "name not found")
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in addresses
        ]

    async def close(self):
        pass


@pytest.fixture
async def listener():
    """A server that only counts who connects."""
    visitors = []

    async def visit(reader, writer):
        visitors.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], visitors


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["10.0.0.1"], ["::1"], ["::ffff:169.254.169.254"]],
)
async def test_a_name_with_any_forbidden_address_is_refused_without_a_connection(
    make_client, listener, answer
):
    port, visitors = listener
    base_url = parse_base_url(f"https://cloud.example.com:{port}", allow_loopback=True)
    session = open_session(base_url, resolver=Names(answer))
    async with session:
        with pytest.raises(BaseUrlRefused) as caught:
            await make_client(base_url=base_url, session=session).get_user()
    assert caught.value.code == "base_url_refused"
    assert "cloud.example.com leads to" in str(caught.value)
    assert "No connection was made" in str(caught.value)
    assert visitors == []


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["2606:4700::1", "fe80::1%eth0"]]
)
async def test_one_forbidden_address_among_the_answers_refuses_the_name(answer):
    resolver = GuardedResolver(AddressGuard(PUBLIC), Names(answer))
    with pytest.raises(AddressRefused):
        await resolver.resolve("cloud.example.com", 443)


async def test_an_address_that_is_never_resolved_is_checked_as_well(make_client, listener):
    port, visitors = listener
    unparsed = BaseUrl(site=URL(f"http://127.0.0.1:{port}"), is_loopback=False)
    async with open_session(unparsed) as session:
        with pytest.raises(BaseUrlRefused, match="a loopback address"):
            await make_client(base_url=unparsed, session=session).get_user()
    assert visitors == []


async def test_a_name_that_turns_private_after_the_check_is_refused_at_the_connect(make_client, listener):
    port, visitors = listener
    base_url = parse_base_url(f"https://cloud.example.com:{port}", allow_loopback=False)
    guard = AddressGuard(base_url)
    # The resolver below is not guarded: this is the answer that slipped through, seen by the socket alone.
    connector = aiohttp.TCPConnector(socket_factory=guard.open_socket, resolver=Names(["127.0.0.1"]))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(BaseUrlRefused):
            await make_client(base_url=base_url, session=session).get_user()
    assert visitors == []


async def test_each_answer_of_a_rebinding_name_is_checked(make_client, listener):
    port, visitors = listener
    base_url = parse_base_url(f"https://cloud.example.com:{port}", allow_loopback=False)
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    resolver = GuardedResolver(AddressGuard(base_url), names)
    assert [answer["host"] for answer in await resolver.resolve("cloud.example.com", port)] == [
        "93.184.216.34"
    ]
    session = open_session(base_url, resolver=names)
    async with session:
        with pytest.raises(BaseUrlRefused):
            await make_client(base_url=base_url, session=session).get_user()
    assert visitors == []


async def test_a_stream_that_cannot_connect_is_a_timeout(make_client, cloud):
    class SilentInTheEnd(Names):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            if not self.answers:
                await asyncio.Event().wait()
            return await super().resolve(host, port, family)

    base_url = parse_base_url(f"http://localhost:{cloud.port}", allow_loopback=True)
    cloud.agents("eliza")
    async with open_session(base_url, resolver=SilentInTheEnd(["127.0.0.1"])) as session:
        client = make_client(base_url=base_url, session=session, stream_connect=0.05)
        assert await client.list_agents() == []
        session.connector.clear_dns_cache()
        with pytest.raises(TimedOut):
            await anext(client.stream_message("a1", "hi"))


async def test_localhost_connects_to_loopback_only(make_client, cloud):
    base_url = parse_base_url(f"http://localhost:{cloud.port}", allow_loopback=True)
    cloud.on("GET", "/api/v1/user", (200, {"success": True, "data": {"id": "u"}}))
    async with open_session(base_url, resolver=Names(["93.184.216.34"])) as session:
        with pytest.raises(BaseUrlRefused, match="not on this machine"):
            await make_client(base_url=base_url, session=session).get_user()
    async with open_session(base_url, resolver=Names(["127.0.0.1"])) as session:
        assert (await make_client(base_url=base_url, session=session).get_user()).id == "u"


async def test_a_name_that_is_not_found_is_unreachable_and_may_be_retried(make_client):
    base_url = parse_base_url("https://cloud.example.com", allow_loopback=False)
    async with open_session(base_url, resolver=Names([])) as session:
        with pytest.raises(Unreachable) as caught:
            await make_client(base_url=base_url, session=session).get_user()
    assert caught.value.retryable
    assert (caught.value.status, caught.value.cloud_status) == (502, None)
    assert isinstance(caught.value, NameNotFound)
    assert (caught.value.code, caught.value.status) == ("cloud_name_not_found", 502)
    assert "cloud.example.com could not be found" in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "10.1.1.1", "::ffff:127.0.0.1", "::1"])
def test_the_socket_factory_of_a_public_cloud_refuses_to_open(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(AddressRefused):
        AddressGuard(PUBLIC).open_socket((family, socket.SOCK_STREAM, 6, "", (address, 443)))


@pytest.mark.parametrize("address", ["93.184.216.34", "0.0.0.0", "192.168.1.1", "::ffff:127.0.0.1"])
def test_the_socket_factory_of_a_loopback_cloud_opens_loopback_only(address):
    guard = AddressGuard(LOOPBACK)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(AddressRefused):
        guard.open_socket((family, socket.SOCK_STREAM, 6, "", (address, 4400)))
    guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 4400))).close()


async def test_the_session_keeps_no_cookies_uses_no_proxy_and_names_itself(make_client, cloud, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    cloud.on("GET", "/api/v1/user", (200, {"data": {"id": "u"}}, {"Set-Cookie": "a=b; Path=/"}))
    base_url = parse_base_url(f"http://localhost:{cloud.port}", allow_loopback=True)
    async with open_session(base_url, resolver=Names(["127.0.0.1"])) as session:
        client = make_client(base_url=base_url, session=session)
        await client.get_user()
        await client.get_user()
    assert "Cookie" not in cloud.asked[1].headers
    assert cloud.asked[0].headers["User-Agent"].startswith("eliza-cloud/")
