"""The service itself (handlers: `api/probes.py`, `api/log_level.py`)."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.operation import Answer, Body, Operation
from eliza_cloud.api.wire.agents import Ok
from eliza_cloud.api.wire.errors import BODY, invalid

_GROUP = "Service"

Level = Literal["debug", "info", "warning", "error", "critical"]


class Alive(msgspec.Struct, frozen=True):
    """Whether the link's consumer answers."""

    ok: bool


class Ready(msgspec.Struct, frozen=True):
    """Whether the link stands; if not, `reason` is the code of why."""

    ready: bool
    reason: str | UnsetType = UNSET


class LogLevel(msgspec.Struct, frozen=True):
    """How much the log tells."""

    ok: Ok
    level: Level


class NewLogLevel(msgspec.Struct, frozen=True):
    """How much the log is to tell."""

    level: Annotated[Level, Meta(description="Upper case will do, too.")]


HEALTHZ = Operation(
    group=_GROUP,
    summary="Is it alive?",
    about="For supervisors.",
    answers=(
        Answer(200, "The link's consumer answers.", Alive, Alive(True)),
        Answer(503, "It does not; a restart mends that.", Alive, Alive(False)),
    ),
)
READYZ = Operation(
    group=_GROUP,
    summary="Is it linked?",
    about="For supervisors. Says no more than why not.",
    answers=(
        Answer(200, "The link stands.", Ready, Ready(True)),
        Answer(503, "It does not.", Ready, Ready(False, "cloud_unreachable")),
    ),
)
SHOW_LEVEL = Operation(
    group=_GROUP,
    summary="How much the log tells",
    answers=(Answer(200, "The level that counts now.", LogLevel, LogLevel(True, "info")),),
)
CHANGE_LEVEL = Operation(
    group=_GROUP,
    summary="Change how much the log tells",
    about="Counts from the next line on; a restart goes by `ELIZA_LOG_LEVEL` again.",
    body=Body(model=NewLogLevel, example=NewLogLevel("debug")),
    answers=(Answer(200, "Changed.", LogLevel, LogLevel(True, "debug")),),
    errors=(
        *BODY,
        invalid("level is required"),
        invalid(
            'level: expected one of debug, info, warning, error, critical, found "loud".', "invalid_level"
        ),
    ),
)
