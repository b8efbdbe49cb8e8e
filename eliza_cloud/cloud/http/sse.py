"""Server-sent events, read from bytes as they come (WHATWG HTML, "Interpreting an event stream").

One deviation: a last event without its closing blank line is given out by `close()`, since servers forget it.
"""

import re

import msgspec

MAX_EVENT_BYTES = 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class SseEvent(msgspec.Struct, frozen=True):
    """One event; `event` is "message" when the stream names none, `id` the last id seen."""

    event: str
    data: str
    id: str


class EventTooLarge(ValueError):  # noqa: N818 - named after what happened
    """One event is larger than the parser's bound."""


class SseParser:
    """Turns chunks of bytes, cut anywhere, into events; holds at most one event of `max_event_bytes`."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._line = bytearray()
        self._is_first_line = True
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._data_bytes = 0
        self._id = ""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Return the events that `chunk` completes; raises `EventTooLarge`."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        events: list[SseEvent] = []
        *ended, rest = _LINE_END.split(chunk)
        for piece in ended:
            self._grow(piece)
            self._end_line(events)
        self._grow(rest)
        return events

    def close(self) -> list[SseEvent]:
        """Return the event the stream ended in, if it had data."""
        events: list[SseEvent] = []
        if self._line:
            self._end_line(events)
        self._dispatch(events)
        return events

    def _grow(self, piece: bytes) -> None:
        self._line += piece
        if len(self._line) + self._data_bytes > self._max:
            raise EventTooLarge(f"an event is larger than {self._max} bytes")

    def _end_line(self, events: list[SseEvent]) -> None:
        line = bytes(self._line)
        self._line.clear()
        if self._is_first_line:
            line = line.removeprefix(_BOM)
            self._is_first_line = False
        if not line:
            self._dispatch(events)
            return
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))

    def _field(self, name: bytes, value: bytes) -> None:
        """Take one field; comments (no name) and unknown names fall through."""
        text = value.decode("utf-8", "replace")
        if name == b"data":
            self._data.append(text)
            self._data_bytes += len(value) + 1
        elif name == b"event":
            self._event = text
        elif name == b"id" and "\0" not in text:
            self._id = text

    def _dispatch(self, events: list[SseEvent]) -> None:
        if self._data:
            events.append(SseEvent(self._event or "message", "\n".join(self._data), self._id))
        self._event = ""
        self._data = []
        self._data_bytes = 0
