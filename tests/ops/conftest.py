"""What the tests of the log share: a link whose time is moved by hand."""

from tests.link.conftest import cloud, log, rig  # noqa: F401 - fixtures
