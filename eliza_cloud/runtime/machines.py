"""The two state machines, built once for all links of a process (decisions: One machine for all links)."""

from functools import cache
from typing import NamedTuple

from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.login.machine import LoginMachine


class Machines(NamedTuple):
    """The machine of links and that of sign-ins. They keep nothing of any link, and may be shared by all."""

    link: LinkMachine
    login: LoginMachine

    @classmethod
    def build(cls) -> "Machines":
        """Build both, which takes some milliseconds and about 200 KiB."""
        return cls(LinkMachine(), LoginMachine())


@cache
def shared_machines() -> Machines:
    """Return the pair for a manager that was handed none; it is built at the first call and kept."""
    return Machines.build()
