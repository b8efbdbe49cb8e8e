"""What one connection, or many, can do to the others."""

import asyncio
import gzip
import itertools

import pytest
import pytest_asyncio

from eliza_cloud.api import app as application
from eliza_cloud.api.http import inputs as body
from eliza_cloud.api.middleware.access import GUESSES
from tests.harness.waiting import HANG
from tests.security.guard_rows import CREATE, RIGHT, SIGN_OUT, STATUS
from tests.security.guarded_service import guarded_service
from tests.security.wire import converse, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALVES = (
    b"",
    b"G",
    b"GET /api/cloud/agents HTTP/1.1\r\n",
    b"POST /api/cloud/disconnect HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    b"POST /api/cloud/disconnect HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: 1\r\n" * 40,
    request(STATUS, close=False) + b"GET /api",
)
CROWD = 120


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def impatient(tmp_path_factory):
    """A service that waits 0.4 seconds for a head, the real one 75; no time passes between guesses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(application.SERVER_SETTINGS, "keepalive_timeout", 0.4)
        directory = tmp_path_factory.mktemp("impatient")
        async with guarded_service(directory, patch, monotonic=lambda: 0.0) as opened:
            yield opened


async def test_whoever_sends_no_whole_request_is_cut_off_and_disturbs_nobody(impatient, figure):
    """Slow-loris: many connections that never finish, some that send a byte now and then."""
    before = impatient.effects()
    crowd = [await asyncio.open_connection("127.0.0.1", impatient.port) for _ in range(CROWD)]
    for (_, writer), half in zip(crowd, itertools.cycle(HALVES), strict=False):
        writer.write(half)
    async with asyncio.timeout(HANG):
        talk = await converse(impatient.port, request(STATUS))
    assert talk.answers[0].status == 200
    async with asyncio.timeout(HANG):
        rests = await asyncio.gather(*(_to_the_end(reader, writer) for reader, writer in crowd))
    assert not any(b" 500 " in rest for rest in rests)
    assert impatient.effects()[1:] == before[1:]
    figure(
        f"guard: {CROWD} connections that never sent a whole head, all closed in time; the real limit is 75 s"
    )


async def _to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Go on dripping until the server hangs up."""
    received = b""
    try:
        while True:
            try:
                async with asyncio.timeout(0.05):
                    chunk = await reader.read(4096)
            except TimeoutError:
                writer.write(b"x")
                continue
            if not chunk:
                return received
            received += chunk
    except ConnectionError:
        return received
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("second", [SIGN_OUT, CREATE, "GET /api/cloud/agents", "GET /api/cloud/credits"])
async def test_a_request_is_not_let_in_by_the_one_before_it(service, second):
    """On one connection, in one write: with the token, without, with, without."""
    allowed, refused = request("GET /api/cloud/agents", RIGHT, close=False), request(second, close=False)
    before = len(service.reached)
    talk = await converse(service.port, allowed + refused + allowed + request(second), answers=4)
    assert [answer.status for answer in talk.answers] == [200, 401, 200, 401]
    assert service.reached[before:] == ["GET /api/cloud/agents"] * 2


async def test_nor_by_one_that_its_body_hides(service):
    """A body with a whole request in it is a body; the next request begins after it."""
    inner = request(SIGN_OUT, RIGHT, close=False)
    outer = request("POST /api/cloud/login/cancel", RIGHT, body=inner, close=False)
    before = service.effects()
    talk = await converse(service.port, outer + request("GET /api/cloud/agents"), answers=2)
    assert [answer.status for answer in talk.answers] == [400, 401]
    assert service.effects()[1:] == before[1:]


async def test_each_guess_counts_also_those_that_come_together(impatient):
    """Sixty guesses in the headers of one request are sixty guesses."""
    guesses = [f"X-Api-Key: guess-{number}" for number in range(GUESSES + 1)]
    talk = await converse(impatient.port, request("GET /api/cloud/agents", *guesses))
    assert talk.answers[0].status == 429
    assert talk.answers[0].headers["retry-after"] == "60"
    for _ in range(3):
        wrong = await converse(
            impatient.port, request("GET /api/cloud/agents", "Authorization: Bearer guess")
        )
        assert wrong.answers[0].status == 429
        right = await converse(impatient.port, request("GET /api/cloud/agents", RIGHT))
        assert right.answers[0].status == 200


async def test_many_at_once_are_all_refused(service):
    before = service.effects()
    talks = await asyncio.gather(
        *(converse(service.port, request(SIGN_OUT, f"X-Api-Key: {n}")) for n in range(100))
    )
    assert {answer.status for talk in talks for answer in talk.answers} <= {401, 429}
    assert service.effects() == before


@pytest.mark.parametrize("token", [(), (RIGHT,)], ids=["without token", "with token"])
async def test_a_body_that_turns_out_malformed_is_no_fault_of_ours(service, token, caplog, monkeypatch):
    """Chunks that go wrong after the head was taken, and compression, which is not undone."""
    monkeypatch.setattr(body, "BODY_WITHIN", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request(CREATE, *token, "Transfer-Encoding: chunked", close=False) + b"2\r\n{}\r\n")
    await asyncio.sleep(0.02)
    writer.write(b"zz\r\n")
    async with asyncio.timeout(HANG):
        received = await reader.read()
    writer.transport.abort()
    assert received.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 400 ") if token else b"HTTP/1.1 401 ")
    monkeypatch.undo()
    packed = gzip.compress(b"[" * 5_000_000)
    talk = await converse(service.port, request(CREATE, *token, "Content-Encoding: gzip", body=packed))
    assert talk.answers[0].status == (400 if token else 401)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "path", ["/api/cloud/agents", "/api/chat", "/v1/chat/completions", "/api/cloud/compat/x"]
)
async def test_a_body_that_does_not_come_is_not_waited_for_for_ever(service, path, monkeypatch):
    """Of whoever has the token, too: a body may take a minute, here a fifth of a second."""
    monkeypatch.setattr(body, "BODY_WITHIN", 0.2)
    calls = len(service.cloud.calls)
    talk = await converse(
        service.port, request(f"POST {path}", RIGHT, "Content-Length: 100") + b"{", answers=1
    )
    assert talk.answers[0].status == 408
    assert "body_too_slow" in talk.answers[0].body.decode()
    assert len(service.cloud.calls) == calls
