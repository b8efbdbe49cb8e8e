"""Liveness and readiness probes, and the log level."""

import logging
from typing import Annotated

import msgspec
import structlog
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import Body
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import invalid
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import Ok
from eliza_cloud.core.log_events import LOG_LEVEL_CHANGED
from eliza_cloud.ops.logging.level import LEVELS, LOG_LEVEL, Level, current_level, level_of, set_level

_GROUP = "Service"


class Alive(msgspec.Struct, frozen=True):
    """Whether the link's consumer answers."""

    ok: bool


class Ready(msgspec.Struct, frozen=True):
    """Whether the link stands; if not, `reason` is the code of why."""

    ready: bool
    reason: str | UnsetType = UNSET


class LogLevel(msgspec.Struct, frozen=True):
    """The log level."""

    ok: Ok
    level: Level


class NewLogLevel(msgspec.Struct, frozen=True):
    """The log level to set."""

    level: Annotated[
        str,
        Meta(
            min_length=1,
            pattern=f"^({'|'.join([*LEVELS, *map(str.upper, LEVELS)])})$",
            description="In lower or upper case.",
            extra={"expected": f"one of {', '.join(LEVELS)}", "shown": True, "code": "invalid_level"},
        ),
    ]


NEW_LEVEL = Body(NewLogLevel("debug"))


HEALTHZ = Operation(
    id="checkAlive",
    group=_GROUP,
    summary="Is it alive?",
    about="For supervisors.",
    answers=(
        SuccessResponse(200, "The link's consumer answers.", Alive, Alive(True)),
        SuccessResponse(503, "It does not; restart the service.", Alive, Alive(False)),
    ),
)
READYZ = Operation(
    id="checkReady",
    group=_GROUP,
    summary="Is it linked?",
    about="For supervisors. Answers with the reason, and nothing else.",
    answers=(
        SuccessResponse(200, "The link stands.", Ready, Ready(True)),
        SuccessResponse(503, "It does not.", Ready, Ready(False, "cloud_unreachable")),
    ),
)
SHOW_LEVEL = Operation(
    id="getLogLevel",
    group=_GROUP,
    summary="The log level",
    answers=(SuccessResponse(200, "The level in effect.", LogLevel, LogLevel(True, "info")),),
)
CHANGE_LEVEL = Operation(
    id="setLogLevel",
    group=_GROUP,
    summary="Change the log level",
    about="Takes effect with the next line; a restart goes back to `ELIZA_LOG_LEVEL`.",
    body=NEW_LEVEL,
    answers=(SuccessResponse(200, "Changed.", LogLevel, LogLevel(True, "debug")),),
    errors=(invalid(f'level must be one of {", ".join(LEVELS)}, but it is "loud".', "invalid_level"),),
)


#: Seconds the link's consumer has to answer.
WITHIN = 5.0


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: 200 while the link's consumer answers, else 503, which calls for a restart."""
    alive = await request.app[MANAGER].answers(within=WITHIN)
    return answer(Alive(alive), 200 if alive else 503)


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: 200 while the link stands, else 503 with the code of the reason."""
    reason = request.app[MANAGER].readiness()
    return answer(Ready(ready=True)) if reason is None else answer(Ready(ready=False, reason=reason), 503)


log = structlog.get_logger()


async def show_level(_request: web.Request) -> web.Response:
    """GET /api/cloud/log-level: the level in effect."""
    return answer(LogLevel(ok=True, level=current_level()))


async def change_level(request: web.Request) -> web.Response:
    """PUT /api/cloud/log-level {level}: takes effect with the next line."""
    word = (await NEW_LEVEL.read(request)).level
    level = level_of(word, LOG_LEVEL)
    before = current_level()
    set_level(logging.INFO)  # so that the change itself is logged at any level
    log.info(LOG_LEVEL_CHANGED, **{"from": before}, to=word.lower())
    set_level(level)
    return answer(LogLevel(ok=True, level=current_level()))
