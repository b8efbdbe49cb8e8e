"""sd_notify(3) client: ready, status, watchdog, reloading, stopping."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager

import structlog

from eliza_cloud.core.log_events import SYSTEMD_NOTIFY_FAILED, WATCHDOG_RESUMED, WATCHDOG_UNRESPONSIVE

_SEND_TIMEOUT = 1.0  # seconds; systemd takes a message at once unless it hangs itself
_MAX_STATUS = 300  # characters of a status line

log = structlog.get_logger()


class Systemd:
    """The service manager that started this process; where none did, nothing is sent.

    It takes its variables out of `environ`, so that no child speaks in this process's name. `shown` makes a
    status fit to be read by every user of the machine.
    """

    def __init__(self, environ: MutableMapping[str, str], shown: Callable[[str], str] = str) -> None:
        self._address = environ.pop("NOTIFY_SOCKET", "")
        self._watchdog = _watchdog(environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", ""))
        self._shown = shown
        self._status = ""
        self._silent_since: float | None = None
        self._failed = False

    def status(self, sentence: str) -> None:
        """Have `systemctl status` show this sentence, when it is another one than before."""
        if not self._address:
            return
        line = "".join(one if one.isprintable() else " " for one in self._shown(sentence))[:_MAX_STATUS]
        if line != self._status:
            self._status = line
            self._notify(f"STATUS={line}")

    @asynccontextmanager
    async def serving(self, answers: Callable[[float], Awaitable[bool]]) -> AsyncIterator[None]:
        """Say that the service serves during the block, and that it stops after it.

        Meanwhile the watchdog is kept content, as long as `answers` (within so many seconds) is true.
        """
        async with asyncio.TaskGroup() as group:
            beats = group.create_task(self._keep_watchdog(answers))
            self._notify("READY=1")
            try:
                yield
            finally:
                beats.cancel()
                self._notify("STOPPING=1")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that the settings are read again during the block (for Type=notify and Type=notify-reload)."""
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self._notify("READY=1")

    async def _keep_watchdog(self, answers: Callable[[float], Awaitable[bool]]) -> None:
        if self._watchdog is None:
            return
        pause = self._watchdog / 2
        while True:
            self._note(alive := await answers(pause / 2))
            if alive:
                self._notify("WATCHDOG=1")
            await asyncio.sleep(pause)

    def _note(self, alive: bool) -> None:
        now = time.monotonic()
        if not alive:
            first = self._silent_since is None
            (log.warning if first else log.debug)(
                WATCHDOG_UNRESPONSIVE, remedy="systemd restarts the service."
            )
            self._silent_since = now if first else self._silent_since
        elif self._silent_since is not None:
            log.info(WATCHDOG_RESUMED, duration_s=round(now - self._silent_since, 3))
            self._silent_since = None

    def _notify(self, *assignments: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT)
                sender.connect(_abstract(self._address))
                sender.send("\n".join(assignments).encode())
        except (OSError, ValueError) as error:
            (log.debug if self._failed else log.warning)(SYSTEMD_NOTIFY_FAILED, detail=str(error))
            self._failed = True


def _abstract(address: str) -> str:
    """Write `@name` as the system wants it: in the abstract namespace, where no file is."""
    return f"\0{address[1:]}" if address.startswith("@") else address


def _watchdog(microseconds: str, pid: str) -> float | None:
    """Return after how many seconds of silence systemd ends this process; None when it does not."""
    if not microseconds.isdecimal() or pid not in {"", str(os.getpid())}:
        return None
    return int(microseconds) / 1_000_000 or None
