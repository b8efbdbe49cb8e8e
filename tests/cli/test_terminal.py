"""What people read."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from eliza_cloud.cli.output.text import age, duration, printable, reply_text
from eliza_cloud.core.timefmt import parse_iso
from tests.cli.conftest import AGENT, Answer, in_a_terminal, status
from tests.cli.streaming import link_entry


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (119.9, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172799, "47 h"),
        (172800, "2 days"),
    ],
)
def test_a_length_of_time_in_its_largest_fitting_unit(seconds, words):
    assert duration(seconds) == words


def test_how_long_ago():
    assert age((datetime.now(UTC) - timedelta(minutes=5, seconds=1)).isoformat()) == "5 min ago"
    assert age(None) == "never"
    assert age("soon") == "never"


def test_a_time_without_a_zone_is_utc():
    assert parse_iso("2026-11-23T10:00:00") == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert parse_iso("2026-11-23T10:00:00.000Z") == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_what_could_steer_a_terminal_or_forge_a_line_is_escaped_and_everything_else_stays():
    assert (
        printable("a\x00\x1b[2J\r\x7f\x9bb\n\tü●👩\u200d🚀")
        == r"a\x00\x1b[2J\r\x7f\x9bb\n\tü●" + "👩\u200d🚀"
    )
    for code in (
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x200E,
        0x200F,
        0x061C,
        0x2028,
        0x2029,
        0x85,
    ):
        assert printable(f"a{chr(code)}b").isascii()


def test_a_reply_keeps_its_lines_and_its_script():
    assert reply_text("one\r\n\ttwo \u200e\u05d0\x1b[2J") == "one\n\ttwo \u200e\u05d0[2J"


HOSTILE = "ada\n● connected\r\x1b[2J\x9b1m\u202eevil\u2066\u200f"
SHOWN = r"ada\n● connected\r\x1b[2J\x9b1m\u202eevil\u2066\u200f"
STEERING = set(HOSTILE) & set("\r\x1b\x9b\u202e\u2066\u200f")


@pytest.fixture
def hostile(service):
    """A service where every name and sentence from the cloud tries to forge output."""
    link = {"agentName": HOSTILE, "agentId": AGENT}
    service.answers("GET", "/api/cloud/status", status(link=link, userId=HOSTILE))
    agent = {"id": AGENT, "agentName": HOSTILE, "status": "running"}
    service.answers("GET", "/api/cloud/agents", {"ok": True, "agents": [agent]})
    item = {"code": "x", "title": HOSTILE, "severity": "error", "since": None, "remedy": HOSTILE}
    explanation = {"sentences": [HOSTILE, "Next."], "items": [item], "cause": None}
    service.answers("GET", "/api/cloud/explain", explanation)
    service.answers("GET", "/api/cloud/health", {"items": [item]})
    service.answers("GET", "/healthz", {"ok": True})
    moved = link_entry(2, "HeartbeatMissed", state="reconnecting", why=HOSTILE)
    service.answers("GET", "/api/cloud/journal", {"ok": True, "entries": [moved]})
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", {"agentName": HOSTILE, "agentId": AGENT})
    failed = {"ok": False, "error": HOSTILE, "code": "cloud_error"}
    service.answers("POST", f"/api/cloud/agents/{AGENT}/suspend", Answer(failed, 502))
    service.answers("GET", f"/api/cloud/agents/{AGENT}/logs", {"logs": f"{HOSTILE[4:]}\r\nnext"})
    return service


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("agents list", 2),
        ("status", 7),
        ("explain", 5),
        ("health", 2),
        ("events", 1),
        (f"agents connect {AGENT}", 1),
        (f"agents suspend {AGENT}", None),
        (f"agents logs {AGENT}", 2),
    ],
)
def test_no_name_or_sentence_of_the_cloud_forges_a_line_or_steers_the_terminal(hostile, run, command, lines):
    ran = run(*command.split())
    shown = ran.out + ran.err
    assert not STEERING & set(shown)
    assert (SHOWN if "logs" not in command else SHOWN[5:]) in shown
    if lines is not None:
        assert len(ran.out.splitlines()) == lines


@pytest.mark.parametrize("command", ["agents list", "status", "explain", "events"])
def test_json_means_the_same_and_steers_no_terminal(hostile, run, command):
    ran = run(*command.split(), "--json")
    assert not STEERING & set(ran.out)
    assert json.dumps(HOSTILE) in json.dumps(ran.lines)


def test_a_hostile_name_is_escaped_on_a_terminal_too(hostile):
    shown = in_a_terminal("agents", "list")
    assert "\u202e" not in shown
    assert r"ada\n● " in shown
