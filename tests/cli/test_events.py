"""`events`: the journal as lines and as a file, and what happens after it, over breaks and restarts."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from eliza_cloud.cli.client import event_stream as event_feed
from tests.cli.conftest import AGENT, Answer
from tests.cli.streaming import change, gap, link_entry, snapshot, start_mark, stream

JOURNAL = "/api/cloud/journal"
STREAM = "/api/cloud/events"
OVER = Answer({"ok": False, "error": "Unauthorized", "code": "unauthorized"}, 401)
"""What ends following in these tests: no restart explains it."""


def entries(*given: dict) -> dict:
    return {"ok": True, "entries": list(given)}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(event_feed, "RETRY", 0.0)


def query(service) -> dict[str, str]:
    asked = next(one for one in service.requests("GET") if one.path.startswith(JOURNAL))
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}


def local(entry: dict) -> str:
    return datetime.fromtimestamp(entry["at"], UTC).astimezone().isoformat(timespec="seconds")


def test_lines_say_when_what_from_where_to_where_why_and_by_whom(service, run):
    missed = link_entry(
        2,
        "HeartbeatMissed",
        state="reconnecting",
        reason="heartbeat_missed",
        why="Gone.",
    )
    failed = link_entry(
        3,
        "BackupFailed",
        state="connected",
        why="Something older.",
        event_members={"failure": {"code": "x", "message": "The disk\nis full.\x1b[31m"}},
    )
    login = {"kind": "login", "seq": 4, "at": 1.0, "event": {"event": "LoginStarted"}, "by": "request"}
    login |= {"source": "idle", "state": "pending", "outcome": "moved", "requestId": "abc"}
    service.answers("GET", JOURNAL, entries(start_mark(1), missed, failed, login))
    ran = run("events")
    assert ran.code == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines == [
        f"{local(start_mark(1))} (start) the service started · version 0.1.0",
        f"{local(missed)} HeartbeatMissed connected → reconnecting (heartbeat_missed) Gone. · by monitor",
        f"{local(failed)} BackupFailed The disk\\nis full.\\x1b[31m · by monitor",
        f"{local(login)} LoginStarted sign-in idle → pending · by request, request abc",
    ]


def test_json_lines_are_the_entries_as_they_are(service, run):
    given = [start_mark(1), link_entry(2, why="Größe ü")]
    service.answers("GET", JOURNAL, entries(*given))
    ran = run("events", "--json")
    assert ran.lines == given
    assert ran.out.splitlines()[1] == json.dumps(given[1], ensure_ascii=False, separators=(",", ":"))
    assert query(service) == {"limit": "10000"}


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ((), {"limit": "200"}),
        (("--limit", "7"), {"limit": "7"}),
        (("--since", "1795435200123"), {"limit": "10000", "after": "1795435200123"}),
        (("--since", "2026-11-23T10:00:00Z", "--limit", "5"), {"limit": "5", "since": "1795428000.000"}),
    ],
)
def test_what_is_asked_for_is_what_was_named(service, run, arguments, asked):
    service.answers("GET", JOURNAL, entries())
    assert run("events", *arguments).code == 0
    assert query(service) == asked


@pytest.mark.parametrize(("ago", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("3d", 259200)])
def test_since_takes_how_long_ago(service, run, ago, seconds):
    service.answers("GET", JOURNAL, entries())
    before = datetime.now(UTC).timestamp()
    assert run("events", "--since", ago).code == 0
    asked = float(query(service)["since"])
    assert before - seconds - 1 <= asked <= datetime.now(UTC).timestamp() - seconds + 1


def test_a_time_without_a_zone_is_local(service, run):
    service.answers("GET", JOURNAL, entries())
    assert run("events", "--since", "2026-11-23 10:00").code == 0
    assert float(query(service)["since"]) == datetime(2026, 11, 23, 10).astimezone().timestamp()


@pytest.mark.parametrize("when", ["yesterday", "10", "x", "1w", "-5m", "2026-13-01"])
def test_what_is_no_time_is_wrong_usage(service, run, when):
    if when == "10":
        service.answers("GET", JOURNAL, entries())
        assert run("events", "--since", when).code == 0  # an entry's number
        return
    ran = run("events", "--since", when)
    assert ran.code == 2
    assert "invalid time" in ran.err


def test_following_goes_on_where_the_journal_ends_and_prints_nothing_twice(service, run):
    one, two, three = start_mark(1), link_entry(2), link_entry(3)
    service.answers("GET", JOURNAL, entries(one, two))
    service.answers("GET", STREAM, stream(snapshot(2), change(two), change(three)), OVER)
    ran = run("events", "--follow", "--json")
    assert ran.code == 6
    assert ran.lines[:3] == [one, two, three]
    assert [asked.headers.get("Last-Event-ID") for asked in service.requests("GET")] == [None, "2", "3"]


def test_following_survives_a_restart_and_fetches_what_was_missed(service, run):
    entry = link_entry(2)
    stopped, started, last = link_entry(3, "Stop"), start_mark(100), link_entry(101)
    service.answers("GET", JOURNAL, entries(start_mark(1), entry), entries(stopped, started))
    service.answers(
        "GET",
        STREAM,
        stream(snapshot(2)),
        stream(
            snapshot(100, "2026-11-23T11:00:00.000Z"), gap(100, 2), change(last, "2026-11-23T11:00:00.000Z")
        ),
        OVER,
    )
    ran = run("events", "--follow", "--json")
    assert [line["seq"] for line in ran.lines[:-1]] == [1, 2, 3, 100, 101]
    assert ran.err.splitlines()[:3] == [
        "The service ended the stream. Waiting until it answers again.",
        "The service was restarted.",
        "The service ended the stream. Waiting until it answers again.",
    ]


def test_following_says_what_nobody_has_any_more(service, run):
    service.answers("GET", JOURNAL, entries(link_entry(2)), entries(link_entry(9)))
    service.answers("GET", STREAM, stream(snapshot(9), gap(9, 2, "history"), change(link_entry(10))), OVER)
    ran = run("events", "--follow", "--all")
    assert "Entries are missing between 2 and 9." in ran.err.splitlines()
    assert len(ran.out.splitlines()) == 3


def test_an_answer_of_another_program_ends_following(service, run):
    service.answers("GET", JOURNAL, entries())
    service.answers("GET", STREAM, Answer(b"hello", headers={"Content-Type": "text/plain"}))
    assert run("events", "--follow").code == 3


def test_no_service_is_said_at_once(clean_environment, run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_PORT", "9")
    assert run("events").code == 3
    assert run("events", "--follow").code == 3


def beat(seq: int, **members) -> dict:
    return link_entry(seq, **members)


def words(ran) -> list[str]:
    """The lines without their times, blanks made one."""
    return [" ".join(line.split()[1:]) for line in ran.out.splitlines()]


def test_routine_in_a_row_is_one_line_and_what_changed_has_its_own(service, run):
    missed = link_entry(4, "HeartbeatMissed", state="reconnecting")
    by_hand = link_entry(6, "BackupTaken", by="request")
    given = [start_mark(1), beat(2), link_entry(3, "BackupTaken"), missed, beat(5), by_hand, beat(7), beat(8)]
    service.answers("GET", JOURNAL, entries(*given))
    assert words(run("events")) == [
        "(start) the service started · version 0.1.0",
        f"(routine) 1 HeartbeatAnswered, 1 BackupTaken · until {local(given[2])}",
        "HeartbeatMissed connected → reconnecting · by monitor",
        "(routine) 1 HeartbeatAnswered",
        "BackupTaken · by request",
        f"(routine) 2 HeartbeatAnswered · until {local(given[-1])}",
    ]
    assert len(run("events", "--all").out.splitlines()) == len(given)
    assert run("events", "--json").lines == given


def test_where_most_is_routine_what_changed_before_is_looked_for_page_by_page(service, run):
    newest = entries(*map(beat, range(1001, 1201)))
    older = entries(start_mark(999), link_entry(1000, "HeartbeatMissed", state="reconnecting"))
    service.answers("GET", JOURNAL, newest, older)
    assert len(run("events").out.splitlines()) == 3
    assert [asked.path for asked in service.requests("GET")] == [
        f"{JOURNAL}?limit=200",
        f"{JOURNAL}?limit=2000&before=1001",
    ]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("--event", "heartbeatmissed"), {"event": "HeartbeatMissed"}),
        (("--kind", "login"), {"kind": "login"}),
        (("--agent", AGENT), {"agent": AGENT}),
        (("--moved",), {"moved": "true"}),
        (("--grep", "disk is full"), {"q": "disk is full"}),
        (("--until", "2026-11-23T10:00:00Z"), {"until": "1795428000.000", "limit": "10000"}),
        (("--until", "7", "--limit", "3"), {"before": "8", "limit": "3"}),
    ],
)
def test_the_service_is_asked_for_what_the_filters_name(service, run, arguments, asked):
    service.answers("GET", JOURNAL, entries())
    assert run("events", *arguments).code == 0
    assert query(service) == {"limit": "200", **asked}


def test_following_shows_what_the_filters_name_and_holds_routine_back(service, run):
    moved = link_entry(4, "HeartbeatMissed", state="reconnecting")
    frames = stream(snapshot(1), change(beat(2)), change(beat(3)), change(moved), change(beat(5)))
    service.answers("GET", JOURNAL, entries(start_mark(1)))
    service.answers("GET", STREAM, frames, OVER)
    assert [line.split()[0] for line in words(run("events", "--follow"))] == [
        "(start)",
        "(routine)",
        "HeartbeatMissed",
        "(routine)",
    ]
    service.answers("GET", STREAM, frames, OVER)
    assert [line.split()[0] for line in words(run("events", "--follow", "--moved"))] == ["HeartbeatMissed"]


def test_following_has_no_end(service, run):
    assert run("events", "--follow", "--until", "1h").code == 2


def test_the_newest_after_an_entry_are_shown_where_a_limit_is_given(service, run):
    service.answers("GET", JOURNAL, entries(*map(beat, range(8, 20))))
    ran = run("events", "--json", "--since", "7", "--limit", "3")
    assert [line["seq"] for line in ran.lines] == [17, 18, 19]
