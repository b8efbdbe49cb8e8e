"""What is shown on stderr while a call takes long: a live line on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.link import next_try_words, short_state
from eliza_cloud.cli.output.text import duration, printable, say
from eliza_cloud.core.problems import JOB_RETRIED, START_UNDER_WAY


class LiveLine:
    """One line about what is going on; where there is no terminal, a line per change of its first part."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._said = ""

    def show(self, text: str, ticking: str = "") -> None:
        """Show `text` now; `ticking` is the part that changes all the time (`40 s`)."""
        text = printable(text)
        if not sys.stderr.isatty():
            if text != self._said:
                say(text)
            self._said = text
            return
        line = escape(f"{text}  {ticking}".rstrip())
        if self._status is None:
            self._status = Console(stderr=True, highlight=False).status(line)
            self._status.start()
        self._status.update(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()


#: States in which the link may wait for a job of the cloud, and the items of health that say how far it is.
_STARTING = {"connecting", "reconnecting"}
_JOB_ITEMS = {START_UNDER_WAY.code, JOB_RETRIED.code}


class LinkProgress(LiveLine):
    """A live line that also shows the link's state, as the service reports it. Call it to refresh."""

    def __init__(self, service: Service, words: str) -> None:
        super().__init__()
        self._service = service
        self._words = words
        self._began = time.monotonic()

    def __call__(self) -> None:
        """Ask for the state and show it; a status that is not available is left out."""
        parts = [self._words]
        with contextlib.suppress(CliError):
            connection = self._service.get("/api/cloud/status", timeout=2.0).get("connection") or {}
            parts += [f"link {short_state(connection)}", next_try_words(connection)]
            if connection.get("state") in _STARTING:
                parts.append(self._start_words())
        self.show(" · ".join(filter(None, parts)), duration(time.monotonic() - self._began))

    def _start_words(self) -> str:
        items = self._service.get("/api/cloud/health", timeout=2.0)["items"]
        return next((item.get("detail") or "" for item in items if item["code"] in _JOB_ITEMS), "")
