"""What a reader of the stream gets: frames, numbers, what came before, and what it is told that it missed."""

import json

import pytest

from eliza_cloud.api.http import event_hub as event_stream
from eliza_cloud.core.timefmt import seconds_of
from tests.events.conftest import staged
from tests.harness.service import TOKEN
from tests.harness.waiting import until


async def test_the_first_frame_is_a_snapshot_of_the_status_view(stage):
    reader = await stage.read()
    assert reader.status == 200
    assert "content-type: text/event-stream\r\n" in reader.head.lower()
    assert "cache-control: no-cache, no-transform\r\n" in reader.head.lower()
    frame = await reader.next()
    assert [line.partition(": ")[0] for line in frame.lines] == ["id", "event", "data"]
    assert frame.lines[0] == f"id: {stage.journal.seq}"
    assert frame.event == "snapshot"
    started_at = frame.data["startedAt"]
    assert frame.data == {**(await stage.service.get("/api/cloud/status")), "startedAt": started_at}
    assert seconds_of(started_at) is not None


async def test_every_change_comes_with_its_number_its_status_and_its_entry(stage):
    reader = await stage.read()
    before = await reader.next()
    await stage.change(3)
    frames = await reader.frames(3)
    assert [frame.seq for frame in frames] == [before.seq + 1, before.seq + 2, before.seq + 3]
    assert {frame.event for frame in frames} == {"status"}
    assert [frame.data["change"] for frame in frames] == (await stage.entries())[-3:]
    assert frames[0].data["change"]["event"]["event"] == "ConfigChanged"
    shown = await stage.service.get("/api/cloud/status")
    started_at = before.data["startedAt"]
    last = frames[-1].data
    assert last == {**shown, "startedAt": started_at, "change": last["change"]}


async def test_a_sign_in_is_told_without_what_its_key_could_be_collected_with(stage, cloud):
    reader = await stage.read()
    await reader.next()
    _, session = await stage.service.post("/api/cloud/login")
    frame = await reader.next()
    assert (frame.data["change"]["kind"], frame.data["change"]["state"]) == ("login", "pending")
    assert session["sessionId"] not in frame.text
    await cloud.control("approve", sessionId=session["sessionId"])
    while frame.data["change"].get("event", {}).get("event") != "KeyAccepted":
        frame = await reader.next()
    assert (frame.data["connected"], frame.data["hasApiKey"]) == (True, True)


async def test_no_frame_holds_a_secret(stage):
    reader = await stage.read()
    await reader.next()
    stage.service.manager.change_settings(stage.service.manager.settings, [f"a {TOKEN} of old"])
    frame = await reader.next()
    assert TOKEN not in frame.text
    assert frame.data["change"]["event"]["unknown"] == ["a [redacted] of old"]


# Going on after a frame


async def test_a_reader_that_comes_back_gets_the_state_it_left_and_everything_since(stage):
    first = await stage.read()
    left = await first.next()
    await stage.change(4)
    missed = await first.frames(4)
    again = await stage.read(left.seq)
    snapshot, *told = await again.frames(5)
    assert snapshot.text == left.text
    assert [frame.text for frame in told] == [frame.text for frame in missed]
    await stage.change()
    assert (await again.next()).text == (await first.next()).text


async def test_the_snapshot_is_of_the_moment_of_that_number(signed_in):
    async with staged(signed_in) as stage:
        await signed_in.linked_agent()
        connecting = [one["seq"] for one in await stage.entries() if one.get("state") == "connecting"][-1]
        reader = await stage.read(connecting)
        snapshot = await reader.next()
        assert (snapshot.seq, snapshot.data["connection"]["state"]) == (connecting, "connecting")
        follows = await reader.next()
        assert (follows.seq, follows.data["connection"]["state"]) == (connecting + 1, "connected")


async def test_a_reader_that_missed_nothing_gets_the_snapshot_alone(stage):
    reader = await stage.read(stage.journal.seq)
    frame = await reader.next()
    assert (frame.seq, frame.event) == (stage.journal.seq, "snapshot")
    await stage.change()
    assert (await reader.next()).seq == frame.seq + 1


async def test_the_number_may_stand_in_the_query_and_the_header_wins(stage):
    newest = stage.journal.seq
    reader = await stage.read(query=f"?lastEventId={newest - 1}")
    assert [frame.seq for frame in await reader.frames(2)] == [newest - 1, newest]
    reader = await stage.read(newest, query=f"?lastEventId={newest - 1}")
    assert (await reader.next()).seq == newest


async def test_a_gap_is_announced_when_the_history_does_not_reach_back(serve, cloud, monkeypatch):
    monkeypatch.setattr(event_stream, "HISTORY", 5)
    async with staged(await serve(cloud.url)) as stage:
        await stage.change(9)
        newest = stage.journal.seq
        oldest_kept = await stage.read(newest - 4)
        assert [frame.seq for frame in await oldest_kept.frames(5)] == list(range(newest - 4, newest + 1))
        reader = await stage.read(newest - 5)
        snapshot, gap = await reader.frames(2)
        assert (gap.seq, gap.event) == (newest, "gap")
        assert gap.data == {"after": newest - 5, "missed": 5, "reason": "history"}
        assert (snapshot.seq, snapshot.event) == (newest, "snapshot")
        await stage.change()
        assert (await reader.next()).seq == newest + 1


@pytest.mark.parametrize("after", [0, 17, 10**18 - 1], ids=["none", "long ago", "later than now"])
async def test_a_number_of_another_run_is_a_gap_of_unknown_size(stage, after):
    snapshot, gap = await (await stage.read(after)).frames(2)
    assert gap.data == {"after": after, "missed": None, "reason": "restart"}
    assert gap.seq == snapshot.seq == stage.journal.seq
    assert snapshot.event == "snapshot"


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "", "0x10", "1e3", "9" * 19, "12 13", "²"])
async def test_what_is_no_decimal_number_is_400(stage, after):
    reader = await stage.read(after.encode().decode("latin-1"))
    assert reader.status == 400
    body = await reader.body()
    assert body["code"] == "invalid_request"
    assert body["error"].startswith("Last-Event-ID must be a decimal number")


# How it is asked for


async def test_head_is_answered_like_get_and_leaves_the_connection_usable(stage):
    reader = await stage.read(method="HEAD")
    assert reader.status == 200
    assert "content-type: text/event-stream\r\n" in reader.head.lower()
    head = f"GET /api/cloud/health HTTP/1.1\nHost: localhost\nAuthorization: Bearer {TOKEN}\n\n"
    await reader.open(head)
    assert reader.status == 200
    assert "items" in await reader.body()
    assert stage.hub.readers == 0


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("text/event-stream", 200),
        ("text/*;q=0.5, application/json", 200),
        ("", 200),
        ("application/json", 406),
        ("text/html", 406),
    ],
)
async def test_only_who_accepts_events_gets_them(stage, accept, status):
    reader = await stage.read(None, f"Accept: {accept}")
    assert reader.status == status
    if status == 406:
        assert (await reader.body())["code"] == "not_acceptable"


async def test_it_needs_the_token(stage):
    answer = await stage.service.session.get(f"{stage.service.url}/api/cloud/events")
    assert (answer.status, (await answer.json())["code"]) == (401, "unauthorized")


async def test_no_more_readers_are_let_in_than_may_be(stage, monkeypatch):
    monkeypatch.setattr(event_stream, "MOST_READERS", 2)
    first, second = await stage.read(), await stage.read()
    refused = await stage.read()
    assert refused.status == 503
    assert (await refused.body())["code"] == "too_many_readers"
    first.close()
    await until(lambda: stage.hub.readers == 1)
    assert (await stage.read()).status == 200
    assert (await second.next()).event == "snapshot"


async def test_a_fall_of_the_links_loop_is_told_at_once(stage):
    reader = await stage.read()
    assert (await reader.next()).data["reason"] == "not_authenticated"
    stage.service.crash.now(stage.service.manager)
    frame = await reader.next()
    assert (frame.event, frame.seq) == ("status", stage.journal.seq)
    assert frame.data["reason"] == "runtime_not_started"
    assert frame.data["change"]["what"] == "crash"
    again = await (await stage.read(frame.seq - 1)).frames(2)
    assert [one.data["reason"] for one in again] == ["not_authenticated", "runtime_not_started"]


# The other routes


async def test_the_journals_route_gives_the_stored_lines(stage):
    entries = await stage.entries()
    assert [entry["seq"] for entry in entries] == list(range(entries[0]["seq"], stage.journal.seq + 1))
    assert (entries[0]["kind"], entries[0]["what"]) == ("mark", "start")
    lines = await stage.journal.read(limit=10_000)
    assert entries == [json.loads(line) for line in lines]
    after = await stage.service.get(f"/api/cloud/journal?after={entries[1]['seq']}")
    assert after == {"ok": True, "entries": entries[2:], "damaged": 0}
    assert (await stage.service.get("/api/cloud/journal?limit=1"))["entries"] == entries[-1:]
    for since in (repr(entries[2]["at"]), "2001-01-01T00:00:00%2B02:00", "2001-01-01"):
        told = (await stage.service.get(f"/api/cloud/journal?since={since}"))["entries"]
        assert told == (entries[2:] if since[:4] != "2001" else entries)
    assert (await stage.service.get("/api/cloud/journal?since=2999-01-01"))["entries"] == []


@pytest.fixture
async def linked(signed_in):
    """A service that is linked to an agent, and the agent's id."""
    async with staged(signed_in) as opened:
        yield opened, await signed_in.linked_agent()


async def test_the_journal_is_read_in_pages_both_ways_and_no_entry_is_missed_or_read_twice(linked):
    stage, _ = linked
    entries = await stage.entries()
    numbers = [entry["seq"] for entry in entries]
    assert len(numbers) > 4

    async def page(query: str) -> list[int]:
        body = await stage.service.get(f"/api/cloud/journal?limit=2&{query}")
        return [entry["seq"] for entry in body["entries"]]

    backward: list[int] = []
    while found := await page(f"before={backward[0] if backward else numbers[-1] + 1}"):
        backward = found + backward
    forward: list[int] = []
    while found := await page(f"after={forward[-1] if forward else 0}"):
        forward += found
    assert backward == forward[: len(numbers)] == numbers


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("event=Connect", lambda entry: entry.get("event", {}).get("event") == "Connect"),
        ("kind=mark", lambda entry: entry["kind"] == "mark"),
        ("kind=link", lambda entry: entry["kind"] == "link"),
        ("moved=true", lambda entry: entry.get("source") != entry.get("state")),
        ("moved=false", lambda entry: entry.get("source") == entry.get("state")),
        ("q=CONNECTED", lambda entry: "connected" in json.dumps(entry).lower()),
        ("kind=link&moved=true", lambda entry: entry["kind"] == "link" and entry["source"] != entry["state"]),
        ("until=2001-01-01", lambda _: False),
        ("until=2999-01-01&since=2001-01-01", lambda _: True),
    ],
)
async def test_the_journals_filters_leave_the_entries_that_they_name(linked, query, chosen):
    stage, _ = linked
    entries = await stage.entries()
    query = f"{query}&limit=10000&before={entries[-1]['seq'] + 1}"
    told = (await stage.service.get(f"/api/cloud/journal?{query}"))["entries"]
    assert told == [entry for entry in entries if chosen(entry)]
    assert (told == []) == query.startswith("until=2001")


async def test_the_journal_of_one_agent_holds_what_happened_to_its_link(linked):
    stage, agent = linked
    told = (await stage.service.get(f"/api/cloud/journal?agent={agent}"))["entries"]
    names = [entry["event"]["event"] for entry in told if entry["kind"] == "link"]
    assert {"Connect", "Connected"} <= set(names)
    assert (await stage.service.get(f"/api/cloud/journal?agent={agent}0"))["entries"] == []


async def test_an_unknown_parameter_of_the_journal_is_400_and_its_neighbour_is_named(stage):
    for query, hint in (("kinds=link", "Did you mean kind?"), ("zzz=1", "Known are event, kind,")):
        answer = await stage.service.call("GET", f"/api/cloud/journal?{query}")
        body = await answer.json()
        assert (answer.status, body["code"]) == (400, "invalid_request")
        assert body["error"].startswith(f"{query.partition('=')[0]} is not a parameter of this path. {hint}")


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "before=x",
        "until=later",
        "event=Nothing",
        "kind=other",
        "moved=perhaps",
        "q=",
        "after=-1",
        "after=9999999999999999999",
        "since=yesterday",
        "since=nan",
        "since=1e999",
        "limit=0",
        "limit=10001",
        "limit=ten",
        "limit=",
    ],
)
async def test_a_wrong_parameter_of_the_journal_is_400_and_named(stage, query):
    answer = await stage.service.call("GET", f"/api/cloud/journal?{query}")
    body = await answer.json()
    assert (answer.status, body["code"]) == (400, "invalid_request")
    assert body["error"].startswith(f"{query.partition('=')[0]} must be ")


async def test_health_and_explanation_are_those_of_the_manager(stage):
    health = await stage.service.get("/api/cloud/health")
    assert [item["code"] for item in health["items"]] == ["settings_unknown"]
    told = await stage.service.get("/api/cloud/explain")
    assert (told["state"], told["cause"], told["items"]) == ("disconnected", "not_signed_in", health["items"])
    assert told["sentences"][-1] == "What to do: Sign in with `eliza-cloud login`."
