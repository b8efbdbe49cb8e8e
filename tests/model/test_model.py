"""A search for an order of events that breaks a promise of the link."""

import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.link_model import LinkModel, Tally

CALM = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
SHORT = settings(max_examples=150, stateful_step_count=50, derandomize=True, **CALM)
LONG = settings(max_examples=4000, stateful_step_count=100, print_blob=True, **CALM)


def search(how: settings, figure, name: str) -> Tally:
    """Run the search and say how far it went."""
    tally = Tally()
    model = type("Model", (LinkModel,), {"tally": tally})
    begun = time.perf_counter()
    run_state_machine_as_test(model, settings=how)
    figure(
        f"search of the link ({name}): {tally.lives} lives of {tally.links} services, {tally.steps} steps, "
        f"{tally.callers} callers, {tally.calls} calls of the cloud, {sum(tally.events.values())} events, "
        f"{tally.turns} turns of the loop, {tally.seconds / 86400:.1f} days of link time; "
        f"{time.perf_counter() - begun:.1f} s; {dict(sorted(tally.moves.items()))}"
    )
    return tally


def test_no_order_of_events_breaks_a_promise(figure):
    search(SHORT, figure, "short")
