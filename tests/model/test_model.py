"""A search for an order of events that breaks a promise of the link.

It knows every command that changes a link or the agent it is about: signing in and out, connect, suspend,
resume, restart, upgrade, shutdown, backups and messages, with consent to the price that is asked for or to
another; and a cloud that prices, raises the price, holds, or has another job under way.

    pytest -m long tests/model

searches further, along other ways each time; what it finds becomes a story of `test_found`.
"""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from eliza_cloud.core.link.table import ROWS, Proceed
from tests.model.link_model import LinkModel
from tests.model.machine import Tally

CALM = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.generate, Phase.shrink),
    "report_multiple_bugs": False,
}
SHORT = settings(max_examples=400, stateful_step_count=50, derandomize=True, **CALM)
LONG = settings(max_examples=2000, stateful_step_count=100, print_blob=True, **CALM)
MOVES = {
    f"{source.value} → {row.dest.value}"
    for row in ROWS
    if row.dest is not None and row.event is not Proceed
    for source in row.sources
}


def search(how: settings, figure: Callable[[str], None], name: str) -> Tally:
    """Run the search and say how far it went."""
    tally = Tally()
    begun = time.perf_counter()
    run_state_machine_as_test(type("Model", (LinkModel,), {"tally": tally}), settings=how)
    figure(
        f"search of the link ({name}): {tally.lives} lives of {tally.links} services, {tally.steps} steps, "
        f"{tally.waiters} callers, {tally.calls} calls of the cloud, {sum(tally.events.values())} events, "
        f"{tally.turns} turns of the loop, {tally.seconds / 86400:.1f} days of link time; "
        f"{time.perf_counter() - begun:.1f} s; {dict(sorted(tally.moves.items()))}"
    )
    return tally


def test_no_order_of_events_breaks_a_promise(figure):
    tally = search(SHORT, figure, "short")
    assert len(MOVES - set(tally.moves)) <= 5, "the search goes nearly everywhere"
    assert tally.steps >= 10_000


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_no_order_of_events_breaks_a_promise_in_a_long_search(figure):
    tally = search(LONG, figure, "long")
    assert len(MOVES - set(tally.moves)) <= 1, "the search goes everywhere"
