"""Points in the journal as people name them: how long ago, at what time, or after which entry."""

import re
import time
from datetime import datetime
from urllib.parse import urlencode

import click

from eliza_cloud.cli.near import did_you_mean

_AGO = re.compile(r"(\d{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Choice(click.Choice[str]):
    """One of several words; for another one the error names its neighbours."""

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Say what the word may be, and which of these is near."""
        hint = did_you_mean(str(value), self.choices)
        if hint:
            return f"{str(value)!r} is not known. {hint}"
        return super().get_invalid_choice_message(value, ctx)


class When(click.ParamType[dict[str, str]]):
    """Reads `10m`, `2h`, `3d`, an ISO 8601 time (local where it names no zone), or an entry's number.

    It begins a span of the journal, the entry itself left out; with `ends` it ends one, the entry included.
    """

    name = "when"

    def __init__(self, *, ends: bool = False) -> None:
        self._time, self._number = ("until", "before") if ends else ("since", "after")
        self._step = 1 if ends else 0

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, str]:
        """Return the parameter of the journal's route that says the same."""
        text = str(value).strip()
        if ago := _AGO.fullmatch(text):
            return {self._time: f"{time.time() - int(ago[1]) * _SECONDS[ago[2]]:.3f}"}
        if text.isascii() and text.isdigit() and len(text) <= 18:
            return {self._number: str(int(text) + self._step)}
        try:
            return {self._time: f"{datetime.fromisoformat(text).timestamp():.3f}"}
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"invalid time: {text!r}: use 10m, 2h, 3d, an ISO 8601 time, or an entry's number.",
                param,
                ctx,
            )


def journal_path(*, limit: int, **where: str) -> str:
    """Return the path and query that read the journal."""
    return f"/api/cloud/journal?{urlencode({'limit': limit, **where})}"
