"""The vocabulary of settings: what one is, what its values are, and when a change of it takes effect."""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from eliza_cloud.redaction.secret import Secret


class WrongValue(Exception):  # noqa: N818 - the fact, as its readers name it
    """A value is not what its kind expects."""


class ValueKind(msgspec.Struct, frozen=True, kw_only=True):
    """What values a setting takes: in words, as JSON Schema, and as the function that reads one.

    `read` raises WrongValue. `written` gives back what the file holds for a read value. A value of a `secret`
    kind is shown nowhere; one of a `discreet` kind is not shown while it is wrong.
    """

    expected: str
    schema: dict[str, Any]
    read: Callable[[Any], Any]
    written: Callable[[Any], Any] = lambda value: value
    secret: bool = False
    discreet: bool = False


class TakesEffect(StrEnum):
    """When a change of a setting takes effect."""

    RESTART = "after a restart"
    RELOAD = "after SIGHUP"
    AT_ONCE = "with the next request"
    EACH_COMMAND = "for the command that sees it"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of eliza.json. A part of the path in angle brackets stands for a name of the user's."""

    path: str
    kind: ValueKind
    about: str
    default: Any = None
    takes_effect: TakesEffect = TakesEffect.RELOAD
    #: The member of `Settings` that holds the value, in seconds where it is a time.
    field: str | None = None
    #: The environment variable that stands in for it or wins over it.
    variable: str | None = None


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One environment variable. A secret one is shown nowhere."""

    name: str
    about: str
    default: str | None = None
    takes_effect: TakesEffect = TakesEffect.RESTART
    secret: bool = False


def whole(least: int) -> ValueKind:
    """Return the kind of whole numbers from `least` on."""

    def read(value: Any) -> int:
        if not _is_number(value) or value != int(value) or value < least:
            raise WrongValue
        return int(value)

    return ValueKind(
        expected=f"a whole number of at least {least}",
        schema={"type": "integer", "minimum": least},
        read=read,
    )


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise WrongValue
    return value.strip() or None


def _credential(value: Any) -> Secret | None:
    if not isinstance(value, str) or not (value.strip().isascii() and value.strip().isprintable()):
        raise WrongValue
    return Secret(value.strip()) if value.strip() else None


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValue
    return value


def _seconds(value: Any) -> float:
    if not _is_number(value) or not _LEAST_MS <= value <= _MOST_MS:
        raise WrongValue
    return float(value) / 1000


def _seconds_or_never(value: Any) -> float:
    return 0.0 if _is_number(value) and value == 0 else _seconds(value)


def _dollars(value: Any) -> float:
    if not _is_number(value) or value < 0:
        raise WrongValue
    return float(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


_LEAST_MS, _MOST_MS = 20, 10**12

TEXT = ValueKind(expected="a string", schema={"type": "string"}, read=_text)
CREDENTIAL = ValueKind(
    expected="a string of printable ASCII characters",
    schema={"type": "string", "pattern": r"^\s*[ -~]*\s*$"},
    read=_credential,
    secret=True,
)
SWITCH = ValueKind(expected="true or false", schema={"type": "boolean"}, read=_switch)
MILLISECONDS = ValueKind(
    expected=f"a number of milliseconds from {_LEAST_MS} to {_MOST_MS}",
    schema={"type": "number", "minimum": _LEAST_MS, "maximum": _MOST_MS},
    read=_seconds,
    written=lambda seconds: round(seconds * 1000),
)
MILLISECONDS_OR_NEVER = ValueKind(
    expected=f"0 or a number of milliseconds from {_LEAST_MS} to {_MOST_MS}",
    schema={"type": "number", "anyOf": [{"const": 0}, {"minimum": _LEAST_MS, "maximum": _MOST_MS}]},
    read=_seconds_or_never,
    written=lambda seconds: round(seconds * 1000),
)
DOLLARS = ValueKind(
    expected="an amount in USD of at least 0", schema={"type": "number", "minimum": 0}, read=_dollars
)
