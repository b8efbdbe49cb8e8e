"""Which entries of a journal are asked for, decided on the line as it is stored."""

import msgspec

from eliza_cloud.core.journal.entries import LINK_EVENTS, LOGIN_EVENTS

KINDS = ("link", "login", "mark")
#: The names of events as entries have them.
EVENT_NAMES = tuple(sorted(str(kind.__struct_config__.tag) for kind in (*LINK_EVENTS, *LOGIN_EVENTS)))


class _SeenEvent(msgspec.Struct, frozen=True):
    event: str
    agent_id: str | None = None


class _SeenFacts(msgspec.Struct, frozen=True):
    agent_id: str | None = None


class _SeenEntry(msgspec.Struct, frozen=True):
    """What a filter looks at in an entry, of whatever kind."""

    kind: str
    event: _SeenEvent | None = None
    source: str | None = None
    state: str | None = None
    agent_id: str | None = msgspec.field(name="agentId", default=None)
    facts: _SeenFacts | None = None

    def is_about(self, agent: str) -> bool:
        """Tell whether the entry names this agent: the link's, the event's, or the one that is known."""
        return agent in {
            self.agent_id,
            self.event and self.event.agent_id,
            self.facts and self.facts.agent_id,
        }


_SEEN = msgspec.json.Decoder(_SeenEntry)


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry has to be; None asks for nothing. `text` is looked for in the line, in either case.

    `agent` is an id. `moved` asks whether the link or the sign-in went into another state.
    """

    event: str | None = None
    kind: str | None = None
    agent: str | None = None
    moved: bool | None = None
    text: str | None = None

    def matches(self, line: str) -> bool:
        """Tell whether an entry's line is asked for; one that cannot be read only is where nothing is."""
        if self.text is not None and self.text.casefold() not in line.casefold():
            return False
        if (self.event, self.kind, self.agent, self.moved) == (None,) * 4:
            return True
        try:
            seen = _SEEN.decode(line)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return False
        return (
            self.event in {None, seen.event and seen.event.event}
            and self.kind in {None, seen.kind}
            and (self.agent is None or seen.is_about(self.agent))
            and self.moved in {None, seen.source != seen.state}
        )


ALL = EntryFilter()
