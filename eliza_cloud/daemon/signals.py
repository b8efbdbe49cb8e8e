"""Signals and their meaning: stop (`service`: in which order), or read the settings again."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class SignalAction(Enum):
    """What a signal means."""

    STOP = "stop"
    RELOAD = "reload"


_MEANINGS = {
    signal.SIGTERM: SignalAction.STOP,
    signal.SIGINT: SignalAction.STOP,
    signal.SIGHUP: SignalAction.RELOAD,
}


@contextmanager
def signals() -> Iterator[asyncio.Queue[SignalAction]]:
    """Give a queue of the signals' meanings. After a stop the next signal ends the process at once."""
    queue: asyncio.Queue[SignalAction] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _MEANINGS}

    def on_signal(number: signal.Signals) -> None:
        queue.put_nowait(_MEANINGS[number])
        if _MEANINGS[number] is SignalAction.STOP:
            for each, meaning in _MEANINGS.items():
                loop.remove_signal_handler(each)
                signal.signal(each, signal.SIG_DFL if meaning is SignalAction.STOP else signal.SIG_IGN)

    for number in _MEANINGS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield queue
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
