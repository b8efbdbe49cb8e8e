"""The process of `serve`: runs the service until a signal ends it, and says why it cannot run."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import MutableMapping, Sequence
from typing import BinaryIO

import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.problems import INTERNAL_ERROR, LOG_UNWRITABLE, PROBLEMS
from eliza_cloud.daemon.descriptors import DescriptorWatch
from eliza_cloud.daemon.exit_codes import ServiceExitCode
from eliza_cloud.daemon.hardening import forbid_core_dumps
from eliza_cloud.daemon.service import STOP_BUDGET, Running, running
from eliza_cloud.daemon.settings import reload_settings
from eliza_cloud.daemon.signals import SignalAction, signals
from eliza_cloud.daemon.sockets import PortUnavailableError
from eliza_cloud.daemon.status_line import StatusLine, status_line
from eliza_cloud.daemon.systemd import Systemd
from eliza_cloud.ops.logging.level import LogLevelError, log_level, set_level
from eliza_cloud.ops.logging.setup import configure_logs
from eliza_cloud.ops.logging.writer import LineWriter
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.runtime.conditions import Conditions
from eliza_cloud.runtime.tasks import set_actor
from eliza_cloud.store.config import listen_address as bindings
from eliza_cloud.store.config.env import API_KEY, API_TOKEN, value_of
from eliza_cloud.store.config.listen_address import BindingError
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.instance_lock import AlreadyRunning

LAST_RESORT = STOP_BUDGET + 1.0  # seconds

log = structlog.get_logger()


async def serve(
    environ: MutableMapping[str, str],
    *,
    stdout: BinaryIO | None,
    stderr: BinaryIO | None,
    host: str | None = None,
    ports: Sequence[int] | None = None,
) -> ServiceExitCode:
    """Run the service of `environ` until SIGTERM or SIGINT; SIGHUP reads the settings again.

    `host` and `ports` win over the variables. What it listens on goes to `stdout`; the log, and why it cannot
    run, to `stderr`. None is a stream that was closed.
    """
    forbid_core_dumps()
    redaction = LogRedactor([lambda: value_of(environ, API_KEY), lambda: value_of(environ, API_TOKEN)])

    def complain(code: ServiceExitCode, why: object, cause: str | None = None) -> ServiceExitCode:
        if cause is not None:
            log.error(
                log_events.SERVICE_START_FAILED, cause=cause, detail=str(why), remedy=PROBLEMS[cause].remedy
            )
        written.write(redaction.text(f"{why}\n").encode())
        return code

    conditions = Conditions(time.time)
    written = _log_writer(stderr, conditions)
    announced = LineWriter(stdout)

    def give_up() -> None:
        """End at once: a thread that hangs at the disk would keep asyncio, and then Python, from ending."""
        complain(ServiceExitCode.FAILED, f"The service did not stop within {STOP_BUDGET:.0f} seconds.")
        written.close()
        os._exit(ServiceExitCode.FAILED)

    last_resort = threading.Timer(LAST_RESORT, give_up)
    last_resort.daemon = True
    systemd = Systemd(environ, redaction.text)
    observers = [StatusLine(systemd.status)]
    try:
        configure_logs(logging.INFO, redaction, written)
        asyncio.get_running_loop().set_exception_handler(DescriptorWatch(conditions).handle)
        set_level(log_level(environ))
        with signals() as actions:
            binding = bindings.read_binding(environ, host, ports)
            async with running(environ, binding, redaction, observers, conditions) as service:
                _announce(service, announced)
                systemd.status(status_line(service.manager.facts))
                async with systemd.serving(service.manager.answers):
                    await _until_stopped(service, actions, redaction, systemd)
                log.info(log_events.SERVICE_STOPPING)
                last_resort.start()
    except (BindingError, ConfigError, LogLevelError) as error:
        return complain(ServiceExitCode.USAGE, error, "settings_invalid")
    except AlreadyRunning as error:
        return complain(ServiceExitCode.ALREADY_RUNNING, error, "already_running")
    except PortUnavailableError as error:
        return complain(ServiceExitCode.FAILED, error, "port_taken")
    except StoreError as error:
        return complain(ServiceExitCode.FAILED, error, error.code)
    except TimeoutError:
        last_resort.cancel()
        give_up()
    except Exception as error:  # the last boundary: Python would print it with all that it holds
        log.critical(log_events.SERVICE_FAILED, exc_info=error)
        return complain(ServiceExitCode.FAILED, f"{INTERNAL_ERROR.title} Its log describes it.")
    finally:
        last_resort.cancel()
        announced.close()
        written.close()
    return ServiceExitCode.OK


def _log_writer(stderr: BinaryIO | None, conditions: Conditions) -> LineWriter:
    def on_state(failure: str | None) -> None:
        if failure is None:
            conditions.end(LOG_UNWRITABLE.code)
        else:
            conditions.note(LOG_UNWRITABLE.occurred(reason=failure))

    if stderr is None:
        on_state("standard error was closed")
    return LineWriter(
        stderr,
        on_state=on_state,
        on_dropped=lambda count: log.warning(log_events.LOG_LINES_DROPPED, count=count),
    )


async def _until_stopped(
    service: Running, actions: asyncio.Queue[SignalAction], redaction: LogRedactor, systemd: Systemd
) -> None:
    set_actor("signal")
    while await actions.get() is SignalAction.RELOAD:
        with systemd.reloading():
            await reload_settings(service.manager, service.config, redaction)


def _announce(service: Running, announced: LineWriter) -> None:
    lines = [f"Listening on {url}" for url in service.urls]
    lines.append(f"API token: {service.token_file or f'given by {API_TOKEN}'}")
    announced.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))
    log.info(
        log_events.SERVICE_STARTED, urls=service.urls, pid=os.getpid(), token_path=str(service.token_file)
    )
