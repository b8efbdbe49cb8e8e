"""A machine of the test's own."""

from collections.abc import Iterator

import pytest

from tests.incidents.site import Site


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    """A machine whose cloud runs; the service is not started yet."""
    opened = Site(tmp_path)
    opened.start_cloud()
    try:
        yield opened
    finally:
        opened.close()
