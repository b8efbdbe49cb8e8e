"""What the tests of the log share: a link whose time is moved by hand."""

from tests.runtime.conftest import cloud, log, rig  # noqa: F401 - fixtures
