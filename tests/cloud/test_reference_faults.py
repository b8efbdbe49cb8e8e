"""Errors of other clients that this one does not make (local-api §20), by row."""

import pytest

from eliza_cloud.cloud.errors import (
    BaseUrlRefused,
    InsufficientCredits,
    RateLimited,
    Redirected,
    StreamFailed,
)
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.cloud.http.session import AddressGuard, AddressRefused
from eliza_cloud.cloud.http.sse import SseParser

from .conftest import AGENT, KEY


@pytest.fixture
async def agent(cloud):
    return cloud.agents()


def test_row_23_the_address_is_checked_again_where_it_is_connected_to():
    guard = AddressGuard(parse_base_url("https://cloud.example", allow_loopback=False))
    guard.check("203.0.114.7")
    with pytest.raises(AddressRefused):
        guard.open_socket((2, 1, 6, "", ("10.0.0.1", 443)))


async def test_row_24_a_redirect_is_an_error_and_the_key_goes_nowhere_else(client, cloud, make_cloud):
    other = await make_cloud()
    cloud.on("GET", "/api/v1/user", (307, b"", {"Location": f"http://127.0.0.1:{other.port}/api/v2/user"}))
    with pytest.raises(Redirected):
        await client.get_user()
    assert cloud.asked[0].headers["X-API-Key"] == KEY
    assert other.asked == []


@pytest.mark.parametrize(
    "text", ["https://cloud.example/api/v1", "https://cloud.example/", "https://cloud.example/api/v1/"]
)
def test_row_25_a_base_url_with_api_v1_or_a_slash_is_the_same_site(text):
    base_url = parse_base_url(text, allow_loopback=False)
    assert str(base_url.login_session()) == "https://cloud.example/api/auth/cli-session"


def test_row_26_a_port_is_kept_and_a_scheme_is_refused_not_changed():
    assert (
        str(parse_base_url("https://cloud.example:8443", allow_loopback=False))
        == "https://cloud.example:8443"
    )
    with pytest.raises(BaseUrlRefused):
        parse_base_url("http://cloud.example", allow_loopback=False)


def test_row_27_crlf_no_space_and_a_missing_last_blank_line_lose_no_event():
    parser = SseParser()
    events = parser.feed(b"event:chunk\r\ndata:one\r\n\r\nevent: done\r\ndata: two") + parser.close()
    assert [(event.event, event.data) for event in events] == [("chunk", "one"), ("done", "two")]


def test_row_28_several_data_lines_are_one_event():
    assert [event.data for event in SseParser().feed(b"data: one\ndata: two\n\n")] == ["one\ntwo"]


@pytest.mark.parametrize(
    "end", [b"", b'event: error\ndata: {"message": "Sandbox is not running or unreachable"}\n\n']
)
async def test_row_29_a_stream_without_done_is_a_failure_and_its_text_no_reply(client, cloud, agent, end):
    body = b'event: chunk\ndata: {"text": "half a"}\n\n' + end
    cloud.on("POST", f"{agent}/stream", (200, body, {"Content-Type": "text/event-stream"}))
    pieces = []

    async def read():
        async for piece in client.stream_message(AGENT, "hello"):
            pieces.append(piece)  # noqa: PERF401 - what came before the failure is wanted too

    with pytest.raises(StreamFailed):
        await read()
    assert pieces == ["half a"]


async def test_row_32_a_snapshot_has_the_id_the_cloud_calls_backup_id(client, cloud, agent):
    data = {"backupId": "b-1", "snapshotType": "manual", "sizeBytes": 7, "createdAt": "2026-01-01T00:00:00Z"}
    cloud.on("POST", f"{agent}/snapshot", (200, {"success": True, "data": data}))
    assert (await client.snapshot(AGENT)).backup_id == "b-1"


async def test_row_36_an_error_keeps_its_status_its_numbers_and_its_time_to_wait(client, cloud, agent):
    poor = {"success": False, "error": "Insufficient credits", "requiredBalance": 5, "currentBalance": 1.25}
    busy = {"success": False, "error": "Too many requests", "code": "rate_limit_exceeded", "retryAfter": 60}
    cloud.on("POST", f"{agent}/provision", (402, poor), (429, busy, {"Retry-After": "17"}))
    with pytest.raises(InsufficientCredits) as caught:
        await client.provision(AGENT)
    assert (caught.value.status, caught.value.details["currentBalance"]) == (402, 1.25)
    with pytest.raises(RateLimited) as slowed:
        await client.provision(AGENT)
    assert (slowed.value.status, slowed.value.retry_after, slowed.value.retryable) == (429, 17.0, True)
