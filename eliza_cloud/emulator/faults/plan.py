"""Which calls are to go wrong, and how: the list that `POST /emulator/faults` fills."""

import itertools
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from aiohttp import web

KINDS: Final = (
    "delay",
    "hang",
    "hang-body",
    "drop",
    "reset",
    "truncate",
    "cut",
    "status",
    "malformed",
    "html",
    "huge",
    "redirect",
    "wrong-types",
)


@dataclass(slots=True)
class Fault:
    """One scripted fault. `seconds` are the emulator's; `after` lets the call do its work first."""

    id: str
    path: str
    fault: str
    method: str | None = None
    seconds: float | None = None
    status: int | None = None
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    count: int | None = None
    skip: int = 0
    after: bool = False
    matched: int = 0

    @property
    def used(self) -> int:
        """How many calls this fault was applied to."""
        met = max(0, self.matched - self.skip)
        return met if self.count is None else min(met, self.count)

    def meets(self, method: str, path: str) -> bool:
        """Whether this call goes wrong; the call is counted as matched."""
        if self.method not in (None, method) or not fnmatchcase(path, self.path):
            return False
        if self.count is not None and self.matched >= self.skip + self.count:
            return False
        self.matched += 1
        return self.matched > self.skip


class FaultPlan:
    """All scripted faults; of several that match, the most recently added one applies."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def next_id(self) -> str:
        """A name for the fault that is being added."""
        return f"fault-{next(self._numbers)}"

    def add(self, fault: Fault) -> None:
        """Script one more fault."""
        self.faults.append(fault)

    def clear(self, fault_id: str | None = None) -> int:
        """Forget one fault, or all of them; the number forgotten."""
        kept = [] if fault_id is None else [fault for fault in self.faults if fault.id != fault_id]
        forgotten = len(self.faults) - len(kept)
        self.faults = kept
        return forgotten

    def match(self, method: str, path: str) -> Fault | None:
        """The fault that this call meets, if any."""
        return next((fault for fault in reversed(self.faults) if fault.meets(method, path)), None)


FAULTS = web.AppKey("faults", FaultPlan)
