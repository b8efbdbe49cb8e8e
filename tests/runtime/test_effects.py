"""Every effect of the tables has a method of its own that carries it out."""

import inspect
from collections.abc import Iterator

import pytest

from eliza_cloud.core.link.effects import Effect, StoreDesiredAgent, WaiterAnswer
from eliza_cloud.core.login.machine import LoginEffect
from eliza_cloud.runtime.effect_runner import CARRIED_OUT_BY, DurableWrites, EffectRunner


def _kinds(kind: type[Effect]) -> Iterator[type[Effect]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


EFFECTS = sorted(set(_kinds(Effect)) - {LoginEffect, WaiterAnswer}, key=lambda kind: kind.__name__)


def test_the_effects_that_are_carried_out_are_those_that_exist():
    assert set(EFFECTS) - {StoreDesiredAgent} == set(CARRIED_OUT_BY)
    assert len(EFFECTS) > 20


@pytest.mark.parametrize("kind", [kind for kind in EFFECTS if kind is not StoreDesiredAgent])
def test_the_method_of_an_effect_is_named_after_it_and_takes_no_other(kind):
    method = CARRIED_OUT_BY[kind]
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)
    assert method.__name__ == words.removeprefix("_")
    assert getattr(EffectRunner, method.__name__) is method
    assert list(inspect.get_annotations(method).values()) == [kind, None]


def test_what_is_stored_before_a_step_takes_effect_has_a_method_too():
    assert inspect.get_annotations(DurableWrites.desired_agent)["effect"] is StoreDesiredAgent
