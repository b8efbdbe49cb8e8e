"""What is examined: one installation of the service, as its environment describes it."""

from collections.abc import Mapping

import msgspec


class WantedPort(msgspec.Struct, frozen=True):
    """A port the service listens on; `setting` is the variable that sets it."""

    host: str
    number: int
    setting: str


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """The environment of a service, and what those who run it make of it.

    `url` is where it answers, None where that cannot be understood; `misread` says which variable keeps it
    from starting.
    """

    environ: Mapping[str, str]
    ports: tuple[WantedPort, ...] = ()
    url: str | None = None
    misread: str | None = None
