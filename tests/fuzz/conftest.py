"""The numbers of each search, for the run's report."""

import pytest


@pytest.fixture(autouse=True)
def counted(request, figure):
    """Say how many examples a search tried."""
    how = request.node.callspec.params.get("how") if hasattr(request.node, "callspec") else None
    if how is not None:
        words = request.node.originalname.removeprefix("test_").replace("_", " ")
        figure(f"fuzzing: {how.max_examples} examples: {words}")
