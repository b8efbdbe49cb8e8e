"""How much the log tells, changed while the service runs; a restart goes by ELIZA_LOG_LEVEL again."""

import logging

import structlog
from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object, text_of
from eliza_cloud.api.errors import bad_request
from eliza_cloud.api.wire.probes import LogLevel
from eliza_cloud.core.log_events import LOG_LEVEL_CHANGED
from eliza_cloud.ops.log_level import LogLevelError, current_level, level_of, set_level

log = structlog.get_logger()


async def show_level(_request: web.Request) -> web.Response:
    """GET /api/cloud/log-level: the level that counts now."""
    return answer(LogLevel(ok=True, level=current_level()))


async def change_level(request: web.Request) -> web.Response:
    """PUT /api/cloud/log-level {level}: counts from the next line on; 400 for a word that is none."""
    word = text_of(await read_object(request), "level").strip()
    try:
        level = level_of(word, "level")
    except LogLevelError as error:
        raise bad_request(str(error), "invalid_level") from None
    before = current_level()
    set_level(logging.INFO)  # the change itself is told whatever the levels are
    log.info(LOG_LEVEL_CHANGED, **{"from": before}, to=word.lower())
    set_level(level)
    return answer(LogLevel(ok=True, level=current_level()))
