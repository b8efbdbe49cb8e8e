"""A week of connected life with outages leaves nothing behind: compressed into seconds."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from eliza_cloud.runtime.manager import Holdings
from eliza_cloud.store.paths import state_paths
from tests.soak.week import DAY, HOUR, Kept, Week

WARM_UP = 12 * HOUR
LOOKS = 6
OBJECTS_FLAT = 0.01
RESIDENT_FLAT = 0.05


@pytest.fixture
def no_log() -> Iterator[None]:
    """Let the log go nowhere: what it would keep here is not the link's."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)


def _drop(*_line: object) -> dict[str, object]:
    raise structlog.DropEvent


def check_that_nothing_grew(looks: list[Kept]) -> None:
    """Compare the last look with the first."""
    first, last = looks[0], looks[-1]
    for what in ("tasks", "timers", "files"):
        values = [getattr(look, what) for look in looks]
        assert max(values) <= values[0], f"{what}: {values}"
    for look in looks:
        assert look.link == Holdings(0, 0, 0, 0, 0, remembered_logins=look.link.remembered_logins)
    assert last.link.remembered_logins <= 16
    assert last.heap <= 200, "cancelled timers are swept"
    assert last.objects <= first.objects * (1 + OBJECTS_FLAT)
    assert last.resident <= first.resident * (1 + RESIDENT_FLAT)


@pytest.mark.usefixtures("no_log")
def test_a_week_of_connected_life_with_outages_leaves_nothing_behind(tmp_path: Path, figure):
    begun = time.perf_counter()
    week = Week(state_paths({"ELIZA_STATE_DIR": str(tmp_path)}), seed=7)
    week.begin()
    week.live(WARM_UP)
    looks = [week.kept()]
    for _ in range(LOOKS):
        week.sign_in()
        week.live((7 * DAY - WARM_UP) / LOOKS)
        looks.append(week.kept())
        assert week.checks.broken == []
        assert week.loop.faults == []
    days = (week.loop.now - 100.0) / DAY
    week.end()
    first, last = looks[0], looks[-1]
    figure(
        f"compressed week: {days:.1f} days, {week.cloud.calls} calls, {week.loop.turns} turns of the loop, "
        f"{sum(week.checks.events.values())} events; tasks {first.tasks} → {last.tasks}, "
        f"timers {first.timers} → {last.timers}, files {first.files} → {last.files}, "
        f"objects {first.objects} → {last.objects}, "
        f"resident {first.resident / 1024:.1f} → {last.resident / 1024:.1f} MiB; "
        f"{time.perf_counter() - begun:.1f} s; {dict(sorted(week.counts.items()))}"
    )
    check_that_nothing_grew(looks)
    assert week.cloud.calls >= 25_000
