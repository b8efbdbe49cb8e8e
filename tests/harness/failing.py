"""What a caller is told when it fails."""

from collections.abc import Awaitable

import pytest

from eliza_cloud.core.problems import Problem
from eliza_cloud.runtime.errors import LinkError


async def failing(work: Awaitable[object]) -> Problem:
    with pytest.raises(LinkError) as caught:
        await work
    return caught.value.problem
