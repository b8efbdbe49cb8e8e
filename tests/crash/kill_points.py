"""Where a service can be told to kill itself: around each call that keeps something or tells somebody.

The file given holds `{"at": n, "fell": path, "seen": path, "signal": "SIGKILL"}`; it is looked at only from
the moment it exists, so calls are counted from then on. `at` 0 only notes them. Odd numbers are the moment
before a call, even ones after it.
"""

import asyncio.selector_events
import functools
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

SENDS = 8  # in a row; more of them are a reader who polls, and how often it does is chance


class KillPoints:
    """Counts calls, and ends the process with SIGKILL at the one it was told."""

    def __init__(self, plan: Path) -> None:
        self._path = str(plan)
        self._plan: dict[str, Any] = {}
        self._count = 0
        self._sends = 0
        self._lock = threading.Lock()
        self._exists = os.path.exists

    def install(self) -> None:
        os.fsync = self._around(os.fsync, "fsync")
        os.replace = self._around(os.replace, "replace")
        os.unlink = self._around(os.unlink, "unlink")
        transport = asyncio.selector_events._SelectorSocketTransport  # noqa: SLF001 - where asyncio sends
        transport.write = self._around(transport.write, "send")
        transport.writelines = self._around(transport.writelines, "send")
        points = self

        class Connection(sqlite3.Connection):
            def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
                word = " ".join(statement.split()[:2])
                return points._pass(functools.partial(super().execute, statement, *parameters), word)

            def __exit__(self, *error: object) -> Any:
                return points._pass(functools.partial(super().__exit__, *error), "COMMIT")

        sqlite3.connect = functools.partial(sqlite3.connect, factory=Connection)

    def _around(self, call: Callable[..., Any], word: str) -> Callable[..., Any]:
        @functools.wraps(call)
        def around(*arguments: Any, **options: Any) -> Any:
            return self._pass(functools.partial(call, *arguments, **options), word)

        return around

    def _pass(self, call: Callable[[], Any], word: str) -> Any:
        self._point(f"before {word}")
        try:
            return call()
        finally:
            self._point(f"after {word}")

    def _point(self, word: str) -> None:
        if not self._plan:
            if not self._exists(self._path):
                return
            self._plan = json.loads(Path(self._path).read_text())
        with self._lock:
            self._sends = self._sends + 1 if word.endswith("send") else 0
            if self._sends > SENDS:
                return
            self._count += 1
            if self._plan["at"] == 0:
                _write(self._plan["seen"], f"{word}\n")
            elif self._count == self._plan["at"]:
                _write(self._plan["fell"], f"{word}\n")
                os.kill(os.getpid(), signal.Signals[self._plan.get("signal", "SIGKILL")])


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, text.encode())
    os.close(descriptor)
