"""One request: bounds, time, redirects, and a network that misbehaves."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web
from aioresponses import aioresponses

from eliza_cloud.cloud.errors import (
    CertificateDates,
    CloudServerError,
    InvalidRequest,
    InvalidResponse,
    KeyRefused,
    NotFound,
    Redirected,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from eliza_cloud.cloud.http import request as exchange
from eliza_cloud.cloud.http.address import parse_base_url

from .conftest import AGENT, KEY

USER = "/api/v1/user"


@pytest.fixture
async def raw_server():
    """A TCP server that answers every request with given bytes and closes."""
    servers = []

    async def start(answer, **options):
        async def serve(reader, writer):
            try:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


def at(port, scheme="http"):
    return parse_base_url(f"{scheme}://127.0.0.1:{port}", allow_loopback=True)


async def test_both_headers_carry_the_key_and_nothing_else_does(client, cloud):
    agent = cloud.agents()
    cloud.on("POST", f"{agent}/provision", (200, {"success": True, "data": {"status": "running"}}))
    await client.provision(AGENT)
    for asked in cloud.asked:
        assert asked.headers["X-API-Key"] == KEY
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        assert KEY not in asked.path + asked.query
        assert KEY.encode() not in asked.body


async def test_without_a_key_nothing_is_sent(cloud, make_client):
    client = make_client(key=None)
    for call in (client.get_user(), client.list_agents(), client.provision(AGENT), client.get_job("j")):
        with pytest.raises(KeyRefused, match="eliza-cloud login"):
            await call
    with pytest.raises(KeyRefused):
        client.stream_message(AGENT, "hi")
    assert cloud.asked == []


@pytest.mark.parametrize("key", ["two\nlines", "a b", "tab\t", "ü", "nul\0"])
async def test_a_key_that_is_no_header_value_is_refused_without_showing_it(cloud, make_client, key):
    with pytest.raises(KeyRefused) as caught:
        await make_client(key=key).get_user()
    assert key not in str(caught.value)
    assert cloud.asked == []


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_refused_and_the_key_is_not_replayed(client, cloud, make_cloud, status):
    other = await make_cloud()
    other.on("GET", USER, (200, {"success": True, "data": {"id": "u"}}))
    cloud.on("GET", USER, (status, b"", {"Location": f"http://127.0.0.1:{other.port}{USER}?key={KEY}"}))
    with pytest.raises(Redirected) as caught:
        await client.get_user()
    assert other.asked == []
    assert (caught.value.code, caught.value.status, caught.value.cloud_status) == ("redirected", 502, status)
    assert "127.0.0.1" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("location", [None, "", "/here", "http://[", "::", "javascript:x"])
async def test_a_redirect_to_nowhere_is_refused_as_well(client, cloud, location):
    cloud.on("GET", USER, (302, b"", {} if location is None else {"Location": location}))
    with pytest.raises(Redirected):
        await client.get_user()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>hello</html>",
        b"null",
        b"[]",
        b'"text"',
        b"404",
        b'{"success":true',
        b"{'success':true}",
        b'{"a":"\xff"}',
        b"\xff\xfe{}",
        b'{"a":' + b"[" * 100_000,
        b"NaN",
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_what_is_no_json_object_is_a_bad_answer_whatever_it_calls_itself(
    client, cloud, body, content_type
):
    cloud.on("GET", USER, (200, body, {"Content-Type": content_type}))
    with pytest.raises(InvalidResponse) as caught:
        await client.get_user()
    assert caught.value.status == 502


async def test_json_is_judged_by_parsing_not_by_its_content_type(client, cloud):
    cloud.on("GET", USER, (200, b'{"success":true,"data":{"id":"u1"}}', {"Content-Type": "text/html"}))
    assert (await client.get_user()).id == "u1"
    cloud.on("GET", USER, (404, b"<html>", {"Content-Type": "application/json"}))
    with pytest.raises(NotFound) as caught:
        await client.get_user()
    assert not caught.value.is_json


async def test_a_success_that_says_false_is_a_failure(client, cloud):
    cloud.on("GET", USER, (200, {"success": False, "error": "not today"}))
    with pytest.raises(CloudServerError, match="not today"):
        await client.get_user()


@pytest.mark.parametrize("status", [200, 500])
async def test_a_declared_body_over_the_bound_is_refused_unread(client, cloud, status):
    released = cloud.released

    async def huge(request):
        response = web.StreamResponse(
            status=status, headers={"Content-Length": str(exchange.MAX_JSON_BYTES + 1)}
        )
        await response.prepare(request)
        await response.write(b"{")
        await released.wait()
        return response

    cloud.on("GET", USER, huge)
    with pytest.raises(InvalidResponse, match="8 MiB") as caught:
        await client.get_user()
    assert caught.value.cloud_status == status


async def test_an_endless_body_is_refused_at_the_bound(client, cloud, monkeypatch):
    monkeypatch.setattr(exchange, "MAX_JSON_BYTES", 2**20)
    written = 0

    async def endless(request):
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            try:
                await response.write(b" " * 65536)
            except OSError:
                return response
            written += 65536

    cloud.on("GET", USER, endless)
    with pytest.raises(InvalidResponse, match="1 MiB"):
        await client.get_user()


async def test_a_compressed_body_counts_by_what_it_becomes(client, cloud, monkeypatch):
    monkeypatch.setattr(exchange, "MAX_JSON_BYTES", 2**20)

    async def bomb(request):
        response = web.Response(body=b" " * 2**22)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    cloud.on("GET", USER, bomb)
    with pytest.raises(InvalidResponse):
        await client.get_user()


async def test_a_body_up_to_the_bound_is_read(client, cloud):
    padding = b" " * (exchange.MAX_JSON_BYTES - 40)
    cloud.on("GET", USER, (200, b'{"success":true,"data":{"id":"u"}}' + padding))
    assert (await client.get_user()).id == "u"


async def test_a_hanging_server_is_a_timeout(cloud, make_client):
    cloud.on("GET", USER, cloud.hang)
    with pytest.raises(TimedOut) as caught:
        await make_client(rest=0.05).get_user()
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("cloud_timeout", 504, True)
    assert "0.05 seconds" in str(caught.value)


async def test_a_body_that_hangs_is_a_timeout(cloud, make_client):
    async def half(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"success":')
        await cloud.released.wait()
        return response

    cloud.on("GET", USER, half)
    with pytest.raises(TimedOut):
        await make_client(rest=0.05).get_user()


@pytest.mark.parametrize(
    ("timeouts", "call"),
    [
        ({"rest": 0.05}, lambda client: client.provision(AGENT)),
        ({"rest": 0.05}, lambda client: client.snapshot(AGENT)),
        ({"stop": 0.05}, lambda client: client.delete_agent(AGENT)),
        ({"stop": 0.05}, lambda client: client.suspend(AGENT)),
        ({"restore": 0.05}, lambda client: client.restore(AGENT)),
        ({"heartbeat": 0.05}, lambda client: client.heartbeat(AGENT)),
    ],
)
async def test_every_kind_of_call_has_its_own_time(cloud, make_client, timeouts, call):
    agent = cloud.agents()
    for method, path in [
        ("POST", f"{agent}/{name}") for name in ("provision", "snapshot", "suspend", "restore", "bridge")
    ]:
        cloud.on(method, path, cloud.hang)
    cloud.on("DELETE", agent, cloud.hang)
    with pytest.raises(TimedOut):
        await call(make_client(**timeouts))


async def test_cancelling_a_call_cancels_it_and_nothing_else(cloud, client):
    arrived = asyncio.Event()

    async def hang(request):
        arrived.set()
        return await cloud.hang(request)

    cloud.on("GET", USER, hang)
    task = asyncio.create_task(client.get_user())
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"success":true}',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
)
async def test_an_answer_that_is_cut_or_garbled_is_unreachable(make_client, raw_server, answer):
    port = await raw_server(answer)
    with pytest.raises(Unreachable) as caught:
        await make_client(base_url=at(port)).get_user()
    assert (caught.value.code, caught.value.status) == ("cloud_unreachable", 502)
    assert "before its answer was complete" in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    ],
)
async def test_a_server_that_does_not_speak_http_is_a_bad_answer(make_client, raw_server, answer):
    port = await raw_server(answer)
    with pytest.raises(InvalidResponse, match="does not speak HTTP") as caught:
        await make_client(base_url=at(port)).get_user()
    assert caught.value.status == 502
    assert caught.value.__context__ is None


async def test_a_closed_port_is_unreachable(make_client, unused_tcp_port):
    with pytest.raises(Unreachable, match="refused the connection") as caught:
        await make_client(base_url=at(unused_tcp_port)).get_user()
    assert caught.value.retryable


async def test_what_tls_cannot_prove_has_a_sentence_of_its_own(make_client, cloud, raw_server):
    with pytest.raises(TlsFailed) as caught:
        await make_client(base_url=at(cloud.port, "https")).get_user()
    assert caught.value.code == "cloud_tls_failed"

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
    untrusted = await raw_server(b"", ssl=context)
    with pytest.raises(TlsFailed, match=r"self.signed certificate") as caught:
        await make_client(base_url=at(untrusted, "https")).get_user()
    assert isinstance(caught.value, Unreachable)
    assert "clock" in str(caught.value)


@pytest.mark.parametrize(
    ("days", "code", "words"),
    [
        ((1, 2), "clock_wrong", "not yet valid"),
        ((-2, -1), "clock_wrong", "expired"),
        ((-1, 1), "cloud_tls_failed", "mismatch"),
    ],
)
async def test_a_certificate_out_of_its_time_is_put_down_to_the_clock(
    make_client, raw_server, days, code, words
):
    authority = trustme.CA()
    first, last = (datetime.now(UTC) + timedelta(days=day) for day in days)
    name = "127.0.0.1" if code == "clock_wrong" else "127.0.0.2"
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name, not_before=first, not_after=last).configure_cert(served)
    authority.configure_trust(trusted)
    port = await raw_server(b"", ssl=served)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
        with pytest.raises(TlsFailed, match=words) as caught:
            await make_client(base_url=at(port, "https"), session=session).get_user()
    assert isinstance(caught.value, CertificateDates) == (code == "clock_wrong")
    assert (caught.value.code, caught.value.status, caught.value.retryable) == (code, 502, True)


async def test_text_that_is_no_unicode_is_not_sent(client, cloud):
    cloud.agents()
    with pytest.raises(InvalidRequest):
        await client.create_agent("\ud800")
    assert cloud.count("POST", "/api/v1/milady/agents") == 0


async def test_a_get_whose_connection_dies_is_not_repeated(client, cloud):
    async def drop(request):
        request.transport.abort()
        return web.Response()

    agent = cloud.agents()
    cloud.on("GET", USER, drop, (200, {"data": {"id": "u"}}))
    cloud.on("DELETE", agent, drop, (200, {"success": True}))
    with pytest.raises(Unreachable, match="closed the connection before"):
        await client.get_user()
    with pytest.raises(Unreachable):
        await client.delete_agent(AGENT)
    assert (cloud.count("GET", USER), cloud.count("DELETE", agent)) == (1, 1)


async def test_a_reset_while_writing_is_unreachable(client, cloud):
    with aioresponses() as mocked:
        mocked.get(f"{cloud.base_url}{USER}", exception=ConnectionResetError(104, "reset"))
        with pytest.raises(Unreachable, match="closed the connection"):
            await client.get_user()
