"""Taking a journal's steps again: the same events must lead to the same facts."""

from collections.abc import Iterable

import msgspec

from eliza_cloud.core.journal.entries import AnyEntry, Checkpoint, LinkEntry, LoginEntry
from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import LoginFacts, LoginMachine


class DivergedError(Exception):
    """The tables lead elsewhere than the journal says; the sentence names the entry and both."""


class Replayed(msgspec.Struct, frozen=True):
    """What was taken again: steps, starts of the service, and where the link ended up.

    After each of the `gaps`, where entries are missing, it continued at the next checkpoint.
    """

    steps: int
    starts: int
    moves: int
    gaps: int
    state: str | None


def replay(entries: Iterable[AnyEntry]) -> Replayed:
    """Take every step again, from the first mark on; raises `DivergedError` at the first that differs.

    States and epochs are compared at each step, all facts at each mark.
    """
    run = _Run()
    for entry in entries:
        run.take(entry)
    return Replayed(run.steps, run.starts, run.moves, run.gaps, run.facts.state.value if run.facts else None)


class _Run:
    def __init__(self) -> None:
        self.facts: Facts | None = None
        self.login = LoginFacts()
        self.steps = self.starts = self.moves = self.gaps = self._seq = 0
        self._link = LinkMachine()
        self._logins = LoginMachine()

    def take(self, entry: AnyEntry) -> None:
        if isinstance(entry, Checkpoint):
            self._mark(entry)
        elif self.facts is not None:
            self._follow(self.facts, entry)
        self._seq = entry.seq

    def _follow(self, facts: Facts, entry: LinkEntry | LoginEntry) -> None:
        if entry.seq != self._seq + 1:  # dropped while the disk was full: continue at the next checkpoint
            self.facts = None
            self.gaps += 1
            return
        if isinstance(entry, LinkEntry):
            self._step(facts, entry)
        else:
            self._sign_in(entry)
        self.steps += 1

    def _mark(self, mark: Checkpoint) -> None:
        begins = mark.what == "start" or self.facts is None or mark.seq != self._seq + 1
        if not begins:
            for name in (*_differing(self.facts, mark.facts), *_differing(self.login, mark.login)):
                raise DivergedError(f"At entry {mark.seq} the steps lead to another `{name}` than was noted.")
        self.facts, self.login = mark.facts, mark.login
        self.starts += begins

    def _step(self, facts: Facts, entry: LinkEntry) -> None:
        step = self._link.step(facts, entry.event, at=entry.at, jitter=entry.jitter)
        noted = (entry.outcome, entry.state, entry.epoch)
        come_to = (step.outcome.value, step.facts.state.value, step.facts.epoch)
        _compare(entry, noted, come_to)
        self.facts = step.facts
        self.moves += len(step.moves)

    def _sign_in(self, entry: LoginEntry) -> None:
        step = self._logins.step(self.login, entry.event)
        _compare(entry, (entry.outcome, entry.state), (step.outcome.value, step.facts.state.value))
        self.login = step.facts


def _compare(entry: LinkEntry | LoginEntry, noted: tuple[object, ...], come_to: tuple[object, ...]) -> None:
    if noted != come_to:
        event = type(entry.event).__name__
        raise DivergedError(
            f"Entry {entry.seq} ({event}) was noted as {_words(noted)}, but now comes to {_words(come_to)}."
        )


def _words(parts: tuple[object, ...]) -> str:
    return ", ".join(str(part) for part in parts)


def _differing(one: msgspec.Struct | None, other: msgspec.Struct) -> list[str]:
    return [name for name in other.__struct_fields__ if getattr(one, name) != getattr(other, name)]
