"""The whole client against answers nobody expects, as documents and as bytes on the wire."""

import asyncio
import contextlib
import gzip
import inspect
import zlib

from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.redaction.secret import Secret
from tests.fuzz.calls import CALLS, REFUSED
from tests.fuzz.invariants import check_error, check_typed
from tests.fuzz.odd_json import KEY, changed, changes, odd, write
from tests.fuzz.search import searched

SHORT = Timeouts(**dict.fromkeys(Timeouts.__struct_fields__, 2.0))
LIST = b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"success":true,"data":[]}'


class Wire:
    """A server that says the bytes it was told to, and then hangs up; it has the list of agents."""

    def __init__(self) -> None:
        self.said = b""

    async def serve(self, reader, writer) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            await reader.readexactly(length)
            is_probe = head.startswith(b"GET /api/v1/eliza/agents HTTP") and not self.probed
            self.probed = self.probed or is_probe
            writer.write(LIST if is_probe else self.said)
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def ask(self, call, said: bytes):
        """Make one call of a new client and have it answered with these bytes."""
        self.said, self.probed = said, False
        base_url = parse_base_url(self.url, allow_loopback=True)
        async with open_session(base_url) as session:
            config = CloudConfig.of(base_url, Secret(KEY))
            return await call(ElizaCloudClient(config, session=session, timeouts=SHORT))

    @contextlib.asynccontextmanager
    async def listening(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self


def check_call(runner, wire, which, said):
    """Whatever is answered, the call ends as every call does."""
    _, call, kind, _ = CALLS[which]
    try:
        result = runner.run(wire.ask(call, said))
    except CloudError as error:
        check_error(error)
    else:
        check_typed(result, kind)


@contextlib.contextmanager
def wired():
    """Give a loop and the server that runs in it."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        wire = runner.run(stack.enter_async_context(Wire().listening()))
        yield runner, wire
        runner.run(stack.aclose())


def message(status: int, headers: dict[str, bytes], body: bytes) -> bytes:
    lines = b"".join(f"{name}: ".encode() + value + b"\r\n" for name, value in headers.items())
    length = b"" if "Transfer-Encoding" in headers else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d Status\r\n" % status + lines + length + b"\r\n" + body


which = st.integers(0, len(CALLS) - 1)
statuses = st.one_of(
    st.sampled_from([200, 200, 200, 201, 202, 204, 400, 401, 402, 403, 404, 409, 410, 429, 500, 503]),
    st.integers(200, 599),
)
odd_values = st.sampled_from(
    [
        b"7",
        b"-1",
        b"1e9",
        b"99999999999",
        b"999999999",
        b"Fri, 31 Dec 9999 23:59:59 GMT",
        b"Thu, 01 Jan 1970 00:00:00 GMT",
        b"soon",
        b"",
        b"application/json",
        b"text/html; charset=nonsense",
        b"text/event-stream",
        b"\xff\xfe",
        b"https://attacker.example/",
        b"//",
        b"http://[",
        b"/\t",
        b"http://a@b:99999/",
        b"javascript:1",
        KEY.encode(),
        b"gzip",
        b"deflate",
        b"br",
        b"zstd",
        b"identity",
        b"gzip, gzip",
        b"x-unknown",
        b"Fri, 99 Foo 2026 25:61:61",
    ]
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "Retry-After",
            "Date",
            "Location",
            "Content-Type",
            "Content-Encoding",
            "Set-Cookie",
            "WWW-Authenticate",
            "X-Odd",
        ]
    ),
    odd_values,
    max_size=3,
)


@searched(900)
def test_a_document_changed_anywhere_is_a_result_or_an_error(how):
    with wired() as (runner, wire):

        @how
        @given(which, st.integers(0, 9), statuses, headers, changes)
        def check(which, variant, status, more, where):
            answers = [*CALLS[which][3], REFUSED]
            document = changed(answers[variant % len(answers)], where)
            check_call(runner, wire, which, message(status, more, write(document)))

        check()


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([b"connected", b"chunk", b"done", b"error", b"token", b"odd", b""]), odd, odd
        ).map(
            lambda parts: (
                b"event: %s\ndata: %s\n\n"
                % (parts[0], write(changed({"text": "a", "type": "token"}, [(0, parts[1]), (1, parts[2])])))
            )
        ),
        st.binary(max_size=30),
        st.just(b'event: done\ndata: {"fullText":"a"}\n\n'),
    ),
    max_size=6,
).map(b"".join)


@searched(400)
def test_any_stream_of_events_is_a_reply_or_an_error(how):
    with wired() as (runner, wire):

        @how
        @given(EVENTS)
        def check(body):
            said = message(200, {"Content-Type": b"text/event-stream"}, body)
            check_call(runner, wire, len(CALLS) - 1, said)

        check()


FORMS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/2 200\r\n",
    b"HTTP/1.1 999 Strange\r\n",
    b"HTTP/1.1 000 None\r\n",
    b"HTTP/1.1 304 Not Modified\r\n",
    b"ICY 200 OK\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"SSH-2.0-OpenSSH_9.0\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: deflate\r\n",
    b"Content-Encoding: br\r\n",
    b"Content-Encoding: zstd\r\n",
    b"Content-Type: application/json; charset=\xff\r\n",
    b"Location: http://[::1\r\n",
    b"X-Long: " + b"x" * 9000 + b"\r\n",
    b"X: 1\r\n" * 200,
    b" folded\r\n",
    b": nameless\r\n",
    b"X\0Y: z\r\n",
    b"\r\n",
    b"\n",
    b"5\r\nhello\r\n",
    b"ffffffffffffffff\r\n",
    b"zz\r\n",
    b"-1\r\n",
    b"0\r\n\r\n",
    b"3;x=y\r\nabc\r\n",
    b'{"success":true,"data":[]}',
    gzip.compress(b'{"success":true,"data":{"id":"a"}}'),
    gzip.compress(b" " * 30_000_000),
    zlib.compress(b"{}"),
    gzip.compress(b"{}")[:-3],
]


@searched(700)
def test_any_bytes_on_the_wire_are_a_result_or_an_error(how):
    with wired() as (runner, wire):

        @how
        @given(
            which,
            st.one_of(
                st.lists(st.sampled_from(FORMS), max_size=6).map(b"".join),
                st.binary(max_size=60),
                st.lists(st.sampled_from(FORMS[12:]), max_size=5).map(
                    lambda forms: FORMS[0] + b"".join(forms)
                ),
            ),
        )
        def check(which, said):
            check_call(runner, wire, which, said)

        check()


def test_every_call_of_the_client_is_tried(figure):
    names = {name for name, *_ in CALLS}
    calls = dict(inspect.getmembers(ElizaCloudClient, inspect.iscoroutinefunction))
    assert names == {name for name in calls if not name.startswith("_")} | {"stream_message"}
