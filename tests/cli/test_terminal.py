"""What people read."""

from datetime import UTC, datetime, timedelta

import pytest

from eliza_cloud.cli.output.text import age, duration, printable
from eliza_cloud.core.timefmt import parse_iso


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


def test_control_characters_go_and_everything_else_stays():
    assert printable("a\x00\x07\x1b[2J\r\x7f\x9b\u0085b\n\tü●") == "a[2Jb\n\tü●"
