"""The service as a whole: what `serve` puts together, keeps running and takes apart again."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from eliza_cloud.api import binding as bindings
from eliza_cloud.api.app import create_app
from eliza_cloud.api.binding import Binding, BindingError
from eliza_cloud.api.exit_code import ExitCode
from eliza_cloud.api.keys import LIFETIMES
from eliza_cloud.api.listening import PortUnavailableError, take_ports, unavailable, url_of
from eliza_cloud.api.serving import ServiceRunner
from eliza_cloud.api.signals import Told, signals
from eliza_cloud.link.access import CloudAccess
from eliza_cloud.link.manager import CloudManager
from eliza_cloud.ops.core_dumps import forbid_core_dumps
from eliza_cloud.ops.logs import LogLevelError, configure_logs, log_level
from eliza_cloud.ops.redaction import Redaction
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.routing.service_routing import forget_cloud, migrate_file
from eliza_cloud.store.config_file import ConfigFile
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.environment import API_KEY, API_TOKEN, value_of
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.instance_lock import AlreadyRunning, InstanceLock
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.record import SqliteStore
from eliza_cloud.store.settings import Settings, effective_base_url, read_settings
from eliza_cloud.store.token import api_token

ALLOW_LOOPBACK = "ELIZA_CLOUD_ALLOW_LOOPBACK"
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
) -> ExitCode:
    """Run the service of `environ` until SIGTERM or SIGINT; SIGHUP reads the settings again.

    `host` and `ports` win over the variables. What it listens on goes to stdout, why it cannot run to stderr.
    """
    forbid_core_dumps()
    redaction = Redaction([lambda: value_of(environ, API_KEY), lambda: value_of(environ, API_TOKEN)])

    def complain(code: ExitCode, why: object) -> ExitCode:
        sys.stderr.write(redaction.text(f"{why}\n"))
        return code

    try:
        configure_logs(log_level(environ), redaction)
        with signals() as told:
            async with running(environ, bindings.read_binding(environ, host, ports), redaction) as service:
                _announce(service)
                await _until_stopped(service, told, redaction)
                log.info("service.stopping")
    except (BindingError, ConfigError, LogLevelError) as error:
        return complain(ExitCode.USAGE, error)
    except AlreadyRunning as error:
        return complain(ExitCode.ALREADY_RUNNING, error)
    except (PortUnavailableError, StoreError) as error:
        return complain(ExitCode.FAILED, error)
    except TimeoutError:
        return complain(ExitCode.FAILED, f"The service did not stop within {STOP_BUDGET:.0f} seconds.")
    except Exception as error:  # the last boundary: Python would print it with all that it holds
        log.critical("service.failed", exc_info=error)
        return complain(ExitCode.FAILED, "The service failed by a fault of its own; its log describes it.")
    return ExitCode.OK


@asynccontextmanager
async def running(
    environ: MutableMapping[str, str], binding: Binding, redaction: Redaction
) -> AsyncIterator[Running]:
    """Start everything, the open ports last; end with the ports first.

    Raises BindingError, StoreError or PortUnavailableError before anything is begun, and TimeoutError when
    the end takes longer than `STOP_BUDGET`.
    """
    stack = AsyncExitStack()
    try:
        paths = state_paths(environ)
        _require_token(environ, binding)
        stack.enter_context(InstanceLock(paths.lock))
        config = ConfigFile(paths.config)
        settings = await asyncio.to_thread(_settings, config, redaction)
        await asyncio.to_thread(migrate_file, config)
        token, token_file = await asyncio.to_thread(api_token, environ, paths)
        redaction.register(token)
        taken = take_ports(binding, stack.enter_context(ExitStack()))

        base_url = effective_base_url(settings, environ)
        store = SqliteStore(paths.database)
        stack.push_async_callback(store.close)
        credentials = Credentials(config, store, environ, base_url, also_forget=forget_cloud)
        held = await credentials.load()
        if held.key is not None:
            redaction.register(held.key)
        cloud = CloudAccess(base_url, allow_loopback=value_of(environ, ALLOW_LOOPBACK) == "1")
        manager = CloudManager(settings=settings, credentials=credentials, cloud=cloud)
        gateway = Gateway(manager=manager, config=config, environ=environ, seen=redaction.register)
        stack.push_async_callback(gateway.close)
        app = create_app(
            manager,
            gateway=gateway,
            token=token,
            bound=binding,
            allowed_hosts=bindings.allowed_hosts(environ),
            allowed_origins=bindings.allowed_origins(environ),
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
                raise unavailable(binding.host, port, error) from error
        yield Running(manager, config, settings, tuple(map(url_of, taken)), token_file)
    finally:
        async with asyncio.timeout(STOP_BUDGET):
            await stack.aclose()


async def _stop_listening(runner: web.AppRunner) -> None:
    runner.app[LIFETIMES].stop()
    for site in runner.sites:
        await site.stop()


async def _until_stopped(service: Running, told: asyncio.Queue[Told], redaction: Redaction) -> None:
    settings = service.settings
    while await told.get() is Told.RELOAD:
        try:
            changed = await asyncio.to_thread(_settings, service.config, redaction)
        except StoreError as error:
            log.error("settings.refused", why=str(error), remedy="The settings stay as they were.")
            continue
        if changed.base_url != settings.base_url:
            log.warning("settings.base_url_waits", why="cloud.baseUrl counts after a restart.")
        settings = changed
        service.manager.change_settings(settings)
        log.info("settings.read")


def _settings(config: ConfigFile, redaction: Redaction) -> Settings:
    settings, warnings = read_settings(config.read())
    if settings.service_key is not None:
        redaction.register(settings.service_key)
    for warning in warnings:
        log.warning("settings.unknown", why=warning)
    return settings


def _require_token(environ: Mapping[str, str], binding: Binding) -> None:
    """Refuse to listen to other machines with a token nobody chose (contract local-api §20 row 42)."""
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
    log.info("service.started", urls=service.urls, pid=os.getpid(), token_path=str(service.token_file))
