# ruff: noqa: E501 - lists of addresses read best in rows
"""The key goes to the cloud that was named and to nobody else: proved by a server that writes down what it gets."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import BaseUrlRefused, CloudError, Redirected
from eliza_cloud.cloud.http.address import BaseUrl, parse_base_url
from eliza_cloud.cloud.http.session import AddressGuard, open_session
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.env import ALLOW_LOOPBACK
from tests.security.guard_rows import KEY

PUBLIC = "93.184.216.34"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass
class Trap:
    """Takes every connection on IPv4 and IPv6 loopback and writes down all that comes."""

    port: int
    visits: int = 0
    received: list[bytes] = field(default_factory=list)
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.received.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
        writer.close()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    async with contextlib.AsyncExitStack() as stack:
        caught = Trap(0)
        for host in ("127.0.0.1", "::1", "0.0.0.0"):
            with contextlib.suppress(OSError):
                server = await asyncio.start_server(caught.take, host, caught.port, reuse_address=True)
                await stack.enter_async_context(server)
                caught.port = server.sockets[0].getsockname()[1]
        yield caught


class Names(AbstractResolver):
    """A name service that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host, host=address, port=port, proto=0, flags=0,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in found
        ]  # fmt: skip

    async def close(self) -> None:
        pass


async def ask(base_url: BaseUrl, names: Names | None = None) -> CloudError | None:
    """Ask who the key belongs to, by the client as the service uses it; return how it failed."""
    async with open_session(base_url, resolver=names) as session:
        client = ElizaCloudClient(CloudConfig.of(base_url, Secret(KEY)), session=session)
        for call in (client.get_user, client.list_agents):
            try:
                await call()
            except CloudError as error:
                failed = error
        return failed


#: Addresses of this machine, of this network and of nobody, in every dress a name server can give them.
FORBIDDEN = [
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "169.254.169.254",
    "172.16.0.1", "172.31.255.254", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1",
    "100::1", "4000::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:1::1",
    "2001:0:7f00:1::", "2001:0:5db8:d822:0:0:80ff:fffe", "2001:0:a00:1::f7f7:f7f7", "2001:10::1", "2001:20::1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_leads_to_a_forbidden_address_gets_no_connection(trap, address):
    base_url = parse_base_url(f"https://cloud.example.com:{trap.port}", allow_loopback=True)
    for answer in ([address], [PUBLIC, address], [address, PUBLIC]):
        assert isinstance(await ask(base_url, Names(answer)), BaseUrlRefused), answer
    assert (trap.visits, trap.received) == (0, [])


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"])
async def test_a_name_that_changes_after_the_first_look_gets_no_connection(trap, address):
    """Rebinding: public when first asked, ours when asked again, and between the check and the connect."""
    base_url = parse_base_url(f"https://cloud.example.com:{trap.port}", allow_loopback=False)
    guard = AddressGuard(base_url)
    guard.check(PUBLIC)
    turning = Names([PUBLIC], [address])
    assert [one["host"] for one in await turning.resolve("cloud.example.com")] == [PUBLIC]
    assert isinstance(await ask(base_url, turning), BaseUrlRefused)
    # A name server between check and connect: only the socket sees the last answer.
    connector = aiohttp.TCPConnector(socket_factory=guard.open_socket, resolver=Names([address]))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(BaseUrlRefused):
            await ElizaCloudClient(CloudConfig.of(base_url, Secret(KEY)), session=session).get_user()
    assert (trap.visits, trap.received) == (0, [])


#: Other spellings of loopback, private and foreign hosts; "{port}" is where the trap is.
SPELLINGS = [
    "https://2130706433:{port}", "https://0x7f000001:{port}", "https://0x7f.1:{port}", "https://017700000001:{port}", "https://0177.0.0.1:{port}", "https://127.1:{port}",
    "https://127.0.1:{port}", "https://127.0.0.1.:{port}", "https://0:{port}", "https://0.0.0.0:{port}", "https://0x0:{port}", "https://[::]:{port}", "https://[::1]:{port}", "https://[0:0:0:0:0:0:0:1]:{port}",
    "https://[::ffff:127.0.0.1]:{port}", "https://[::ffff:7f00:1]:{port}", "https://[::127.0.0.1]:{port}", "https://[64:ff9b::7f00:1]:{port}", "https://[2002:7f00:1::]:{port}", "https://[::1%25lo]:{port}",
    "https://localhost:{port}", "https://localhost.:{port}", "https://LOCALHOST:{port}", "https://a.localhost:{port}", "https://printer.local:{port}", "https://\u24dbocalhost:{port}", "https://\uff11\uff12\uff17.0.0.1:{port}",
    "https://127\u30020\u30020\u30021:{port}", "https://127.0.0.1%00.example.com:{port}", "https://%6cocalhost:{port}", "https://user@www.elizacloud.ai", "https://user:pass@127.0.0.1:{port}", "https://www.elizacloud.ai@127.0.0.1:{port}",
    "https://www.elizacloud.ai:443@127.0.0.1:{port}", "https://www.elizacloud.ai\\@127.0.0.1:{port}", "https://127.0.0.1:{port}\\@www.elizacloud.ai", "https://www.elizacloud.ai#@127.0.0.1:{port}/x y", "http://www.elizacloud.ai:{port}",
    "http://127.0.0.1:{port}", "//127.0.0.1:{port}", "https:/127.0.0.1:{port}", "https:127.0.0.1:{port}", "wss://127.0.0.1:{port}", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:{port}", "unix:///run/x.sock",
    f"https://cloud.example.com/{KEY}", f"https://{KEY}.example.com", f"https://cloud.example.com?key={KEY}",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_another_spelling_is_refused_before_anything_is_looked_up(trap, spelling):
    with pytest.raises(BaseUrlRefused) as caught:
        parse_base_url(spelling.format(port=trap.port), allow_loopback=False)
    assert KEY[:20] not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["www.el\u0456zacloud.ai", "www.elizacl\u043eud.ai", "www.elizacloud.\u0430i"]
)
async def test_a_look_alike_of_another_script_is_shown_as_what_it_is(host):
    """It is a public name like any other, so it is allowed; whoever reads it sees that it is not the cloud."""
    base_url = parse_base_url(f"https://{host}", allow_loopback=False)
    assert "xn--" in str(base_url)
    assert "www.elizacloud.ai" not in str(base_url)
    assert str(base_url).isascii()


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "[::]",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "127.0.0.1.evil.example",
        "evil.localhost",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
    ],
)
async def test_the_exception_for_loopback_is_not_stretched(trap, host):
    """`ELIZA_CLOUD_ALLOW_LOOPBACK=1` is for 127.0.0.0/8, ::1 and `localhost` alone; names are judged by addresses."""
    with pytest.raises(BaseUrlRefused):
        parse_base_url(f"http://{host}:{trap.port}", allow_loopback=True)
    if host[0] not in "[01e":
        base_url = parse_base_url(f"https://{host}:{trap.port}", allow_loopback=True)
        assert isinstance(await ask(base_url, Names(["127.0.0.1"])), BaseUrlRefused)
    assert trap.visits == 0


async def test_nip_io_and_the_like_are_names_that_lead_to_loopback(trap):
    for host in ("127.0.0.1.nip.io", "127-0-0-1.sslip.io", "localtest.me", "lvh.me"):
        base_url = parse_base_url(f"https://{host}:{trap.port}", allow_loopback=True)
        assert isinstance(await ask(base_url, Names(["127.0.0.1"], ["::1"])), BaseUrlRefused)
    assert trap.visits == 0


async def test_localhost_that_leads_elsewhere_gets_no_connection(trap):
    """A poisoned hosts file: the exception lets the key go to this machine, so it must stay on it."""
    base_url = parse_base_url(f"http://localhost:{trap.port}", allow_loopback=True)
    for answer in ([PUBLIC], ["0.0.0.0"], ["::ffff:127.0.0.1"], ["127.0.0.1", "10.0.0.1"]):
        assert isinstance(await ask(base_url, Names(answer)), BaseUrlRefused)
    assert trap.visits == 0
    await ask(base_url, Names(["127.0.0.1"]))
    assert trap.visits >= 1, "the trap would have noticed"
    assert KEY.encode() in trap.received[0]


@pytest.mark.parametrize(
    "value", ["", " ", "0", "2", "11", "true", "yes", "on", "TRUE", "1.0", "\uff11", "01", "-1"]
)
async def test_only_1_switches_the_exception_on(tmp_path, trap, value, monkeypatch):
    """Asked of the service itself, with a key at hand: nothing comes to the trap."""
    from eliza_cloud.daemon import service  # noqa: PLC0415 - the fixture's patches come first
    from eliza_cloud.redaction.log import LogRedactor  # noqa: PLC0415 - the same
    from eliza_cloud.store.config.listen_address import read_binding  # noqa: PLC0415 - the same

    environ = {
        "ELIZA_STATE_DIR": str(tmp_path), "ELIZAOS_CLOUD_API_KEY": KEY,
        "ELIZAOS_CLOUD_BASE_URL": f"http://127.0.0.1:{trap.port}", ALLOW_LOOPBACK: value,
    }  # fmt: skip
    async with service.running(environ, read_binding(environ, ports=[0]), LogRedactor()) as running:
        assert running.manager.status().connected is False
        with pytest.raises(Exception, match="cloud base URL is refused"):
            await running.manager.ask_cloud(lambda cloud: cloud.get_user())
    assert trap.visits == 0


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/there", "http://localhost:{port}/there", "//127.0.0.1:{port}/there", "/there", "there", "?there", "http://10.0.0.1/there",
        "https://evil.example/there", "http://169.254.169.254/latest/meta-data", "https://www.elizacloud.ai/api/v1/user", "http://user:pass@127.0.0.1:{port}/", "", "http://[", "\\\\evil.example", "javascript:0",
    ],
)  # fmt: skip
async def test_no_redirect_is_followed(trap, status, location):
    """To this machine, to a private and to a public host, to the very same host: the key is asked for once."""
    trap.answer = (
        f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location.format(port=trap.port)}\r\n"
        f"Refresh: 0; url=http://127.0.0.1:{trap.port}/there\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    base_url = parse_base_url(f"http://127.0.0.1:{trap.port}", allow_loopback=True)
    assert isinstance(await ask(base_url), Redirected)
    assert trap.visits == 2
    assert not any(b"there" in request for request in trap.received)


async def test_proxies_netrc_and_cookies_of_the_environment_are_ignored(trap, tmp_path, monkeypatch):
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://proxy-user:proxy-pass@127.0.0.1:{trap.port}")
    monkeypatch.setenv("NO_PROXY", "")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    elsewhere = Trap(0)
    elsewhere.answer = elsewhere.answer.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=canary\r\n\r\n", 1)
    async with await asyncio.start_server(elsewhere.take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await ask(parse_base_url(f"http://127.0.0.1:{port}", allow_loopback=True))
        await ask(
            parse_base_url(f"https://cloud.example.com:{port}", allow_loopback=False), Names(["127.0.0.1"])
        )
    assert trap.visits == 0, "a proxy was asked"
    assert elsewhere.visits >= 2
    assert not any(b"canary" in request or b"Basic" in request for request in elsewhere.received)


async def test_a_key_is_never_part_of_an_address(trap):
    await ask(parse_base_url(f"http://127.0.0.1:{trap.port}", allow_loopback=True))
    for request in trap.received:
        first, *headers = request.decode().split("\r\n")
        assert KEY[:20] not in first
        assert [header.partition(":")[0] for header in headers if KEY in header] == [
            "X-API-Key",
            "Authorization",
        ]


async def test_the_tables_are_large_and_name_each_case_once(figure):
    assert len(set(FORBIDDEN)) == len(FORBIDDEN) >= 50
    assert len(set(SPELLINGS)) == len(SPELLINGS) >= 40
    figure(
        f"outbound: {len(FORBIDDEN) * 3} answers of a name server, {len(SPELLINGS)} spellings, 8 x 15 redirects, 0 requests with the key"
    )
