"""How hard the searches of this folder try: the same examples in every run, many others when asked."""

import pytest
from hypothesis import HealthCheck, settings

CALM = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
LONGER = 30


def searched(examples: int) -> pytest.MarkDecorator:
    """Give a test its settings as `how`: `examples` in every run, thirty times as many with `-m long`."""
    short = settings(max_examples=examples, derandomize=True, **CALM)
    long = settings(max_examples=examples * LONGER, print_blob=True, **CALM)
    marks = [pytest.mark.long, pytest.mark.timeout(1800)]
    return pytest.mark.parametrize(
        "how", [pytest.param(short, id="short"), pytest.param(long, id="long", marks=marks)]
    )
