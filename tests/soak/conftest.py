"""What the soaks stand on."""

from tests.process.conftest import environment

__all__ = ["environment"]
