"""What the service is told from outside: stop, or read the settings again."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class Told(Enum):
    """What a signal means."""

    STOP = "stop"
    RELOAD = "reload"


_MEANINGS = {signal.SIGTERM: Told.STOP, signal.SIGINT: Told.STOP, signal.SIGHUP: Told.RELOAD}


@contextmanager
def signals() -> Iterator[asyncio.Queue[Told]]:
    """Give a queue of what the process is told. After a stop the next one ends the process at once."""
    queue: asyncio.Queue[Told] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        meaning = _MEANINGS[number]
        queue.put_nowait(meaning)
        if meaning is Told.STOP:
            leave()

    def leave() -> None:
        for number in _MEANINGS:
            if loop.remove_signal_handler(number):
                signal.signal(number, signal.SIG_IGN if number is signal.SIGHUP else signal.SIG_DFL)

    for number in _MEANINGS:
        loop.add_signal_handler(number, told, number)
    try:
        yield queue
    finally:
        leave()
