"""The service as a whole: what `serve` puts together, keeps running and takes apart again."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from eliza_cloud.api.app import create_app
from eliza_cloud.api.app_keys import DISCONNECTS
from eliza_cloud.core import log_events
from eliza_cloud.core.problems import INTERNAL_ERROR, PROBLEMS
from eliza_cloud.daemon.exit_codes import ServiceExitCode
from eliza_cloud.daemon.hardening import forbid_core_dumps
from eliza_cloud.daemon.server import ServiceRunner
from eliza_cloud.daemon.signals import SignalAction, signals
from eliza_cloud.daemon.sockets import PortUnavailableError, take_ports, url_of
from eliza_cloud.daemon.status_line import StatusLine, status_line
from eliza_cloud.daemon.systemd import Systemd
from eliza_cloud.ops.logging.level import LogLevelError, log_level, set_level
from eliza_cloud.ops.logging.setup import configure_logs
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.routing.config.transactions import forget_cloud, migrate_file
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.runtime.causation import act_as
from eliza_cloud.runtime.clock import SystemClock
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer
from eliza_cloud.store.config import listen_address as bindings
from eliza_cloud.store.config.env import API_KEY, API_TOKEN, allows_loopback, value_of
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.listen_address import Binding, BindingError
from eliza_cloud.store.config.settings import Settings, effective_base_url, read_settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.instance_lock import AlreadyRunning, InstanceLock
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.sqlite.agent_record import SqliteStore
from eliza_cloud.store.sqlite.database import Database
from eliza_cloud.store.sqlite.journal import SqliteJournal
from eliza_cloud.store.token import api_token

LEAST_TOKEN = 32  # characters of a token that other machines may try to guess
STOP_BUDGET = 13.0  # seconds for a whole stop (final snapshot 8)
DRAIN = 2.0  # seconds for requests under way to end, and as long again for them to be cancelled

log = structlog.get_logger()


class Running(msgspec.Struct, frozen=True):
    """A service that answers; `token_file` is None when ELIZA_API_TOKEN gave the token."""

    manager: CloudManager
    config: ConfigFile
    settings: Settings
    urls: tuple[str, ...]
    token_file: Path | None


async def serve(
    environ: MutableMapping[str, str], *, host: str | None = None, ports: Sequence[int] | None = None
) -> ServiceExitCode:
    """Run the service of `environ` until SIGTERM or SIGINT; SIGHUP reads the settings again.

    `host` and `ports` win over the variables. What it listens on goes to stdout, why it cannot run to stderr.
    """
    forbid_core_dumps()
    redaction = LogRedactor([lambda: value_of(environ, API_KEY), lambda: value_of(environ, API_TOKEN)])

    def complain(code: ServiceExitCode, why: object, cause: str | None = None) -> ServiceExitCode:
        if cause is not None:
            log.error(
                log_events.SERVICE_START_FAILED, cause=cause, detail=str(why), remedy=PROBLEMS[cause].remedy
            )
        sys.stderr.write(redaction.text(f"{why}\n"))
        return code

    systemd = Systemd(environ, redaction.text)
    observers = [StatusLine(systemd.status)]
    try:
        configure_logs(logging.INFO, redaction)
        set_level(log_level(environ))
        with signals() as told:
            binding = bindings.read_binding(environ, host, ports)
            async with running(environ, binding, redaction, observers) as service:
                _announce(service)
                systemd.status(status_line(service.manager.facts))
                async with systemd.serving(service.manager.answers):
                    await _until_stopped(service, told, redaction, systemd)
                log.info(log_events.SERVICE_STOPPING)
    except (BindingError, ConfigError, LogLevelError) as error:
        return complain(ServiceExitCode.USAGE, error, "settings_invalid")
    except AlreadyRunning as error:
        return complain(ServiceExitCode.ALREADY_RUNNING, error, "already_running")
    except PortUnavailableError as error:
        return complain(ServiceExitCode.FAILED, error, "port_taken")
    except StoreError as error:
        return complain(ServiceExitCode.FAILED, error, error.code)
    except TimeoutError:
        return complain(ServiceExitCode.FAILED, f"The service did not stop within {STOP_BUDGET:.0f} seconds.")
    except Exception as error:  # the last boundary: Python would print it with all that it holds
        log.critical(log_events.SERVICE_FAILED, exc_info=error)
        return complain(ServiceExitCode.FAILED, f"{INTERNAL_ERROR.title} Its log describes it.")
    return ServiceExitCode.OK


@asynccontextmanager
async def running(
    environ: MutableMapping[str, str],
    binding: Binding,
    redaction: LogRedactor,
    observers: Sequence[Observer] = (),
) -> AsyncIterator[Running]:
    """Start everything, the open ports last; end with the ports first.

    Raises BindingError, StoreError or PortUnavailableError before anything is begun, and TimeoutError when
    the end takes longer than `STOP_BUDGET`.
    """
    stack = AsyncExitStack()
    try:
        paths = state_paths(environ)
        require_token(environ, binding)
        stack.enter_context(InstanceLock(paths.lock))
        config = ConfigFile(paths.config)
        settings, unknown = await asyncio.to_thread(_settings, config, redaction)
        await asyncio.to_thread(migrate_file, config)
        token, token_file = await asyncio.to_thread(api_token, environ, paths)
        redaction.register(token)
        taken = take_ports(binding, stack.enter_context(ExitStack()))

        base_url = effective_base_url(settings, environ)
        database = Database(paths.database)
        store = SqliteStore(database)
        stack.push_async_callback(store.close)
        credentials = Credentials(config, store, environ, base_url, also_forget=forget_cloud)
        held = await credentials.load()
        if held.key is not None:
            redaction.register(held.key)
        metrics = Metrics()
        cloud = CloudSession(
            base_url,
            allow_loopback=allows_loopback(environ),
            traces=[metrics.cloud.trace()],
        )
        stack.push_async_callback(cloud.close)
        clock = SystemClock()
        journal = Journal(
            SqliteJournal(database),
            clock,
            clean=redaction.text,
            on_problem=lambda problem: manager.note_store(problem),  # noqa: PLW0108 - it comes later
        )
        stack.push_async_callback(journal.close)
        manager = CloudManager(
            settings=settings,
            credentials=credentials,
            cloud=cloud,
            clock=clock,
            observers=[journal, metrics.link, *observers],
            unknown_settings=unknown,
        )
        await journal.open()
        gateway = Gateway(
            manager=manager,
            config=config,
            environ=environ,
            seen=redaction.register,
            called=metrics.gateway.note,
        )
        stack.push_async_callback(gateway.close)
        app = create_app(
            manager,
            gateway=gateway,
            journal=journal,
            metrics=metrics,
            token=token,
            bound=binding,
            allowed_hosts=bindings.allowed_hosts(environ),
            allowed_origins=bindings.allowed_origins(environ),
            redaction=redaction,
        )
        runner = ServiceRunner(app, shutdown_timeout=DRAIN)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        stack.push_async_callback(manager.stop)
        await manager.start()
        stack.push_async_callback(_stop_listening, runner)
        for port, taken_socket in zip(binding.ports, taken, strict=True):
            try:
                await web.SockSite(runner, taken_socket).start()
            except OSError as error:
                raise PortUnavailableError(binding.host, port, error) from error
        yield Running(manager, config, settings, tuple(map(url_of, taken)), token_file)
    finally:
        async with asyncio.timeout(STOP_BUDGET):
            await stack.aclose()


async def _stop_listening(runner: web.AppRunner) -> None:
    runner.app[DISCONNECTS].stop()
    for site in runner.sites:
        await site.stop()


async def _until_stopped(
    service: Running, told: asyncio.Queue[SignalAction], redaction: LogRedactor, systemd: Systemd
) -> None:
    act_as("signal")
    while await told.get() is SignalAction.RELOAD:
        with systemd.reloading():
            await _reload(service, redaction)


async def _reload(service: Running, redaction: LogRedactor) -> None:
    try:
        changed, unknown = await asyncio.to_thread(_settings, service.config, redaction)
    except StoreError as error:
        log.error(
            log_events.SETTINGS_REFUSED,
            cause=error.code,
            detail=str(error),
            remedy="The settings stay as they were.",
        )
        service.manager.keep_settings(error.problem)
        return
    if changed.base_url != service.manager.settings.base_url:
        log.warning(
            log_events.SETTINGS_RESTART_REQUIRED, detail="cloud.baseUrl takes effect after a restart."
        )
    service.manager.change_settings(changed, unknown)
    log.info(log_events.SETTINGS_READ)


def _settings(config: ConfigFile, redaction: LogRedactor) -> tuple[Settings, list[str]]:
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


def require_token(environ: Mapping[str, str], binding: Binding) -> None:
    """Refuse to listen to other machines with a token nobody chose (local-api §20 row 42)."""
    if not binding.is_loopback and len(value_of(environ, API_TOKEN) or "") < LEAST_TOKEN:
        raise BindingError(
            f"{binding.host} can be reached from other machines: set {API_TOKEN} to a secret of at least"
            f" {LEAST_TOKEN} characters, or listen on 127.0.0.1."
        )


def _announce(service: Running) -> None:
    lines = [f"Listening on {url}" for url in service.urls]
    lines.append(f"API token: {service.token_file or f'given by {API_TOKEN}'}")
    with suppress(BrokenPipeError):
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    log.info(
        log_events.SERVICE_STARTED, urls=service.urls, pid=os.getpid(), token_path=str(service.token_file)
    )
