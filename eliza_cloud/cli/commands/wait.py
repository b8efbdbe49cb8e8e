"""`eliza-cloud wait`: wait for a state of the link, the account or the service."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from eliza_cloud.cli.client.endpoint import service_token
from eliza_cloud.cli.client.event_stream import PASSING, RETRY, SILENCE, feed
from eliza_cloud.cli.client.http import Body, Service
from eliza_cloud.cli.decorators import addressed, print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.link import ACCOUNT, WHY, remedy, state_words
from eliza_cloud.cli.output.progress import LiveLine
from eliza_cloud.cli.output.text import iso, printable
from eliza_cloud.cli.param_types import Choice
from eliza_cloud.core.problems import WAIT_TIMEOUT
from eliza_cloud.core.timefmt import parse_iso

_DEAD = {"runtime_not_started", "api_key_present_runtime_not_started"}


def _link(status: Body) -> dict[str, Any]:
    return status.get("connection") or {}


AIMS: dict[str, tuple[str, Callable[[Body], bool]]] = {
    "service": ("the service to answer", lambda status: status.get("reason") not in _DEAD),
    "signed-in": ("somebody to be signed in", lambda status: status["connected"]),
    "signed-out": ("nobody to be signed in", lambda status: not status["hasApiKey"]),
    "connected": (
        "the link to be connected",
        lambda status: status["connected"] and _link(status)["state"] == "connected",
    ),
    "ready": (
        "the service to be ready",
        lambda status: status.get("reason") not in _DEAD and _link(status)["state"] == "connected",
    ),
    "disconnected": ("the link to be disconnected", lambda status: _link(status)["state"] == "disconnected"),
}
"""What can be waited for: in words, and whether a status has reached it."""


@click.command()
@click.option("--for", "aim", type=Choice(list(AIMS)), required=True, help="What to wait for.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    help="The longest wait; 0 checks once.",
)
@addressed
def wait(url: str, token_file: Path | None, as_json: bool, *, aim: str, timeout: int) -> None:
    """Wait for a link state.

    `connected` is reached when `eliza-cloud status` exits 0, `ready` when /readyz answers 200, `service` when
    the service answers and its link runtime works. Changes are read from the event stream, and progress is
    shown on stderr. Exits 0 when the state is reached, 7 with the reason on timeout; a service that is not
    running yet is waited for, too.
    """

    def connect() -> Service:
        return Service(url, service_token(os.environ, url, token_file))

    with LiveLine() as line:
        waiting = _Wait(aim, timeout, line)
        status = waiting.look(connect) if timeout == 0 else waiting.follow(connect)
    if as_json:
        print_json(status)


class _Wait:
    """One wait under its deadline; shows what it waits for, and why it is not so yet."""

    def __init__(self, aim: str, timeout: int, line: LiveLine) -> None:
        self._words, self._is_so = AIMS[aim]
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._line = line
        self._why = "The service has not answered yet."
        self._to_do = ""

    def look(self, connect: Callable[[], Service]) -> Body:
        """Return the status if it is so now."""
        try:
            status = connect().get("/api/cloud/status")
        except CliError as error:
            if error.body.get("code") not in PASSING:
                raise
            self._note_break(error)
        else:
            if self._is_so(status):
                return status
            self._note(status)
        raise self._over()

    def follow(self, connect: Callable[[], Service]) -> Body:
        """Return the first status by which it is so."""
        for frame in feed(connect, silence_timeout=self._silence_timeout, on_break=self._breaks):
            if "connection" in frame.data:
                if self._is_so(frame.data):
                    return frame.data
                self._note(frame.data)
                self._show()
        raise AssertionError("a feed has no end")

    def _silence_timeout(self) -> float:
        return min(SILENCE, self._deadline - time.monotonic())

    def _breaks(self, error: CliError) -> None:
        left = self._deadline - time.monotonic()
        if left > 0 or error.body.get("code") != "service_timeout":
            self._note_break(error)
        if left <= RETRY:
            time.sleep(max(0.0, left))
            raise self._over()
        self._show()

    def _note(self, status: Body) -> None:
        to_do = remedy(status)
        self._why, self._to_do = _present(status), f"To do: {to_do}" if to_do else ""

    def _note_break(self, error: CliError) -> None:
        self._why, self._to_do = str(error), error.remedy

    def _show(self) -> None:
        self._line.show(f"Waiting for {self._words}. {self._why} {self._to_do}".rstrip())

    def _over(self) -> CliError:
        after = f" after {self._timeout} s" if self._timeout else ""
        return CliError(
            printable(WAIT_TIMEOUT.says(after=after, state=self._words, found=self._why)),
            remedy=self._to_do,
            code=WAIT_TIMEOUT.code,
            exit_code=ExitCode.TRY_LATER,
        )


def _present(status: Body) -> str:
    """Say how things are: the account where it is not in order, the link, why, and when it is tried next."""
    link = _link(status)
    account = status.get("reason")
    reason = link.get("reason")
    parts = [
        ACCOUNT.get(str(account), str(account)) if account else "",
        f"the link is {state_words(link)}",
        WHY.get(str(reason), str(reason)) if reason else "",
        _next_try(link),
    ]
    said = ", ".join(filter(None, parts))
    return f"{said[0].upper()}{said[1:]}."


def _next_try(link: dict[str, Any]) -> str:
    at = parse_iso(link.get("nextAttemptAt"))
    if link.get("state") != "reconnecting" or at is None:
        return ""
    return f"try {link.get('attempt')} is made at {iso(at)}"
