"""Orders of events that once broke a promise, as short as the search could make them."""

from collections.abc import Callable

import pytest

from eliza_cloud.store.config.settings import Settings
from tests.harness.cloud_contract import A, B
from tests.model.link_model import LinkModel


def a_sign_out_overtakes_a_call_made_for_a_caller(model: LinkModel) -> None:
    model.lend_a_hand(A, "take_backup", 0)
    model.disconnect(5)


def a_sign_out_overtakes_a_job_that_is_waited_for(model: LinkModel) -> None:
    model.lend_a_hand(A, "suspend_agent", None)
    model.the_cloud_answers(0, "usual", 0, None)  # whose key it is
    model.the_cloud_answers(0, "usual", 0, None)  # where the agents are
    model.the_cloud_answers(0, "odd", 0, None)  # the job
    model.disconnect(None)
    model.time_passes(60.0)


def another_agent_is_chosen_while_the_disk_is_slow(model: LinkModel) -> None:
    model.the_cloud_changes_its_behaviour("good")
    model.begin_connect(B, None)
    model.the_cloud_changes_its_behaviour("silent")
    model.begin_connect(B, None)
    model.the_disk_changes_its_pace(slow=True)
    model.connect(A, 0)
    model.time_passes(60.0)


def a_sign_out_meets_a_slow_disk(model: LinkModel) -> None:
    model.connect_on_a_good_day(A)
    model.the_disk_changes_its_pace(slow=True)
    model.disconnect(None)
    model.time_passes(300.0)


def a_key_that_cannot_be_stored_is_overtaken_by_a_sign_out_and_a_stop(model: LinkModel) -> None:
    model.disconnect(None)
    model.the_disk_fills_up(full=True)
    model.sign_in_on_a_good_day()
    model.disconnect(0)
    model.stop(0)
    model.the_disk_changes_its_pace(slow=True)
    model.time_passes(4.0)


def a_chat_begins_after_a_stop_that_a_slow_disk_outlasted(model: LinkModel) -> None:
    model.connect_on_a_good_day(A)
    model.the_disk_changes_its_pace(slow=True)
    model.connect(B, None)
    model.close_in_silence("stop", 12.0)
    model.the_disk_changes_its_pace(slow=False)
    model.run(None)
    model.lend_a_hand(A, "send", None)


@pytest.mark.parametrize(
    "story",
    [
        a_sign_out_overtakes_a_call_made_for_a_caller,
        a_sign_out_overtakes_a_job_that_is_waited_for,
        another_agent_is_chosen_while_the_disk_is_slow,
        a_sign_out_meets_a_slow_disk,
        a_chat_begins_after_a_stop_that_a_slow_disk_outlasted,
        a_key_that_cannot_be_stored_is_overtaken_by_a_sign_out_and_a_stop,
    ],
    ids=lambda story: story.__name__,
)
def test_an_order_of_events_that_was_found_is_kept_to(story: Callable[[LinkModel], None]):
    model = LinkModel()
    try:
        model.begins(signed_in=True, settings=Settings(), jitter=1.0)
        story(model)
        model.check()
    finally:
        model.teardown()
