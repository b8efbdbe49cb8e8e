"""How much the log tells: set by ELIZA_LOG_LEVEL, and changeable while the service runs."""

import logging
from collections.abc import Mapping
from typing import Literal, cast, get_args

import structlog

from eliza_cloud.core.problems import INVALID_LEVEL, Problem
from eliza_cloud.store.config.json5 import describe

LOG_LEVEL = "ELIZA_LOG_LEVEL"
Level = Literal["debug", "info", "warning", "error", "critical"]
LEVELS: tuple[Level, ...] = get_args(Level)
_VERBOSE = ("transitions", "asyncio")  # libraries whose lines below a warning are not useful


class LogLevelError(Exception):
    """A level is not one of the five words; `problem` says so."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def log_level(environ: Mapping[str, str]) -> int:
    """Read ELIZA_LOG_LEVEL (default info, any case); raises LogLevelError."""
    return level_of(environ.get(LOG_LEVEL, "").strip() or "info", LOG_LEVEL)


def level_of(word: str, setting: str) -> int:
    """Return the level of a word in any case; raises LogLevelError, which names what was set to it."""
    if word.lower() not in LEVELS:
        raise LogLevelError(
            INVALID_LEVEL.occurred(setting=setting, known=", ".join(LEVELS), found=describe(word))
        )
    return logging.getLevelNamesMapping()[word.upper()]


def set_level(level: int) -> None:
    """Log what is at least this serious from the next line on, of ours and of the libraries."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    logging.getLogger().setLevel(level)
    for name in _VERBOSE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def current_level() -> Level:
    """Return the word for the level in effect."""
    return cast("Level", logging.getLevelName(logging.getLogger().level).lower())
