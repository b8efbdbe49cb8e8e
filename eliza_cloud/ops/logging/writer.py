"""Writing lines from a thread of its own: a reader that stops holds up nothing but the lines.

A pipe that nobody empties, a terminal that is paused (Ctrl-S) and a log shipper that hangs all block a write
for as long as they like. The buffer is bounded: what does not fit is dropped and counted, and the count is
handed over once there is room again.
"""

import contextlib
import errno
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import BinaryIO

CAPACITY = 1 << 20  # bytes
CLOSING = 1.0  # seconds for what is still in the buffer at the end


class LineWriter:
    """Writes to `stream`; without one, and after its reader has gone, lines go nowhere.

    `on_state` hears why nothing can be written, as a few words, and None when writing works again;
    `on_dropped` how many lines were lost. Both may be called from any thread.
    """

    def __init__(
        self,
        stream: BinaryIO | None,
        *,
        capacity: int = CAPACITY,
        on_state: Callable[[str | None], None] = lambda _: None,
        on_dropped: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._fd = None if stream is None else stream.fileno()
        self._capacity = capacity
        self._on_state = on_state
        self._on_dropped = on_dropped
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._failure: str | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def isatty(self) -> bool:
        """Tell whether a person reads along."""
        return self._fd is not None and os.isatty(self._fd)

    def write(self, line: bytes, /) -> int:
        """Take a line to be written; returns at once."""
        if self._fd is None:
            return len(line)
        with self._changed:
            if self._size + len(line) > self._capacity:
                self._dropped += 1
                self._note("its reader does not read")
                return len(line)
            self._lines.append(line)
            self._size += len(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
                self._thread.start()
            self._changed.notify()
        return len(line)

    def flush(self) -> None:
        """Do nothing: every line is written as soon as its reader takes it."""

    def close(self) -> None:
        """Wait for what is in the buffer, a second at most; a reader that does not read loses the rest."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSING)

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            line, dropped = taken
            self._deliver(line)
            if dropped:
                self._on_dropped(dropped)

    def _next(self) -> tuple[bytes, int] | None:
        """Wait for a line; with one that leaves room again comes how many others found none."""
        with self._changed:
            while not self._lines:
                if self._closing:
                    return None
                self._changed.wait()
            line = self._lines.popleft()
            self._size -= len(line)
            if self._size > self._capacity // 2:
                return line, 0
            dropped, self._dropped = self._dropped, 0
            return line, dropped

    def _deliver(self, line: bytes) -> None:
        if self._fd is None:
            return
        try:
            _write_all(self._fd, line)
        except OSError as error:
            self._note(error.strerror or type(error).__name__)
            if error.errno in {errno.EPIPE, errno.EBADF}:
                self._fd = None
        else:
            if not self._dropped:  # else the reader is behind still
                self._note(None)

    def _note(self, failure: str | None) -> None:
        if failure != self._failure:
            self._failure = failure
            self._on_state(failure)


def _write_all(fd: int, data: bytes) -> None:
    """Write all of it, also where somebody else made the stream one that does not wait."""
    rest = memoryview(data)
    while rest:
        with contextlib.suppress(BlockingIOError):
            rest = rest[os.write(fd, rest) :]
            continue
        select.select([], [fd], [])
