"""The service's settings: read at the start, and again at SIGHUP."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.problems import CONFIG_FILE_MISSING, DATABASE_SET_ASIDE, STATE_DIR_OPEN
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.conditions import Conditions
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.store.atomic_file import close_directory, is_open
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings, read_settings
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.paths import StatePaths, missing_config
from eliza_cloud.store.sqlite.database import Store
from eliza_cloud.store.sqlite.integrity import mend

log = structlog.get_logger()


async def reload_settings(manager: CloudManager, config: ConfigFile, redaction: LogRedactor) -> None:
    """Read the settings again and hand them to the manager; wrong ones change nothing and are logged."""
    manager.pursue()
    try:
        changed, unknown = await asyncio.to_thread(service_settings, config, redaction)
    except StoreError as error:
        log.error(
            log_events.SETTINGS_REFUSED,
            cause=error.code,
            detail=str(error),
            remedy="The settings stay as they were.",
        )
        manager.keep_settings(error.problem)
        return
    if changed.base_url != manager.settings.base_url:
        log.warning(
            log_events.SETTINGS_RESTART_REQUIRED, detail="cloud.baseUrl takes effect after a restart."
        )
    manager.change_settings(changed, unknown)
    log.info(log_events.SETTINGS_READ)


def check_places(environ: Mapping[str, str], paths: StatePaths, conditions: Conditions) -> None:
    """Say what is wrong with the places of the files, and mend what can be; ConfigError for a directory."""
    _close_state_directory(paths.directory, conditions)
    _note_missing_config(environ, paths, conditions)


def _note_missing_config(environ: Mapping[str, str], paths: StatePaths, conditions: Conditions) -> None:
    """Say that ELIZA_CONFIG_PATH names no file, or that it does by now; ConfigError for a directory."""
    if missing_config(environ, paths):
        problem = CONFIG_FILE_MISSING.occurred(path=paths.config)
        if conditions.note(problem):
            log.warning(log_events.SETTINGS_FILE_MISSING, cause=problem.code, detail=problem.message)
    else:
        conditions.end(CONFIG_FILE_MISSING.code)


def _close_state_directory(directory: Path, conditions: Conditions) -> None:
    """Let nobody else write in the state directory; where that cannot be had, say its mode."""
    before, after = close_directory(directory)
    if is_open(after):
        problem = STATE_DIR_OPEN.occurred(path=directory, mode=f"{after:04o}")
        conditions.note(problem)
        log.warning(log_events.STATE_DIR_OPEN, cause=problem.code, detail=problem.message)
    elif after != before:
        log.warning(log_events.STATE_DIR_CLOSED, path=str(directory), mode=f"{before:04o}")


async def mend_database(
    paths: StatePaths, store: Store, secrets: Callable[[], Sequence[Secret]], conditions: Conditions
) -> None:
    """Set a damaged database aside and say so; what could be read of its record is kept."""
    aside = await asyncio.to_thread(mend, paths.database, secrets)
    if aside is None:
        return
    problem = DATABASE_SET_ASIDE.occurred(path=aside.path, reason=aside.reason)
    conditions.note(problem)
    log.warning(log_events.DATABASE_SET_ASIDE, cause=problem.code, detail=problem.message)
    if aside.record is not None:
        await store.save(aside.record)


def service_settings(config: ConfigFile, redaction: LogRedactor) -> tuple[Settings, list[str]]:
    """Read the settings, register their secrets and log what is unknown; blocking. Raises StoreError."""
    try:
        settings, warnings = read_settings(config.read())
    except ConfigError as error:
        every = "`eliza-cloud config check` names everything that is wrong."
        raise ConfigError(f"{str(error).rstrip('.')}. {every}") from None
    if settings.service_key is not None:
        redaction.register(settings.service_key)
    for warning in warnings:
        log.warning(log_events.SETTINGS_UNKNOWN, detail=warning)
    return settings, warnings
