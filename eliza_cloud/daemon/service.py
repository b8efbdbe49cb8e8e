"""The composition root: what the service is made of, in the order in which it is built.

1. The lock of the state directory: from here on this process is alone.
2. Settings, API token and ports: whatever can be wrong in a start shows before anything runs.
3. Store and credentials, the way to the cloud, the two state machines, the journal, the link's manager.
4. The gateway of the routes, the application, its runner.
5. The manager is started; then the ports answer.

`stack` owns every part: each registers its end where it is made, so that the service stops in reverse. The
ports stop listening first, then the manager takes the final snapshot, the runner lets requests end, and
journal, session and database close after whoever uses them.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import web

from eliza_cloud.api.app import create_app
from eliza_cloud.api.app_keys import DISCONNECTS
from eliza_cloud.cloud.http.address import same_cloud
from eliza_cloud.daemon.descriptors import ACCEPTED_AT_ONCE, BACKLOG, connections_allowed, raise_limit
from eliza_cloud.daemon.server import ServiceRunner
from eliza_cloud.daemon.settings import (
    check_places,
    mend_database,
    service_settings,
)
from eliza_cloud.daemon.sockets import PortUnavailableError, take_ports, url_of
from eliza_cloud.daemon.state_watch import watched
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.routing.config.transactions import forget_cloud, migrate_file
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.runtime.clock import SystemClock
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.conditions import Conditions
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.loop import Machines
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer
from eliza_cloud.store.config import listen_address as bindings
from eliza_cloud.store.config.env import API_TOKEN, allows_loopback, value_of
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.listen_address import Binding, BindingError
from eliza_cloud.store.config.settings import Settings, effective_base_url
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.inspect import known_secrets
from eliza_cloud.store.instance_lock import InstanceLock
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.signed_out import SignedOutKeys
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from eliza_cloud.store.sqlite.journal import SqliteJournal
from eliza_cloud.store.token import api_token

LEAST_TOKEN = 32  # characters of a token that other machines may try to guess
STOP_BUDGET = 13.0  # seconds for a whole stop (final snapshot 8)
DRAIN = 2.0  # seconds for requests under way to end, and as long again for them to be cancelled


class Running(msgspec.Struct, frozen=True):
    """A service that answers; `token_file` is None when ELIZA_API_TOKEN gave the token."""

    manager: CloudManager
    config: ConfigFile
    settings: Settings
    urls: tuple[str, ...]
    token_file: Path | None


@asynccontextmanager
async def running(
    environ: MutableMapping[str, str],
    binding: Binding,
    redaction: LogRedactor,
    observers: Sequence[Observer] = (),
    conditions: Conditions | None = None,
) -> AsyncIterator[Running]:
    """Start everything, the open ports last; end with the ports first.

    Raises BindingError, StoreError or PortUnavailableError before anything is begun, and TimeoutError when
    the end takes longer than `STOP_BUDGET`.
    """
    stack = AsyncExitStack()
    conditions = conditions or Conditions(time.time)
    try:
        # The state directory and its lock
        paths = state_paths(environ)
        require_token(environ, binding)
        lock = stack.enter_context(InstanceLock(paths.lock))

        # Settings, token, ports
        config = ConfigFile(paths.config)
        await asyncio.to_thread(check_places, environ, paths, conditions)
        settings, unknown = await asyncio.to_thread(service_settings, config, redaction)
        await asyncio.to_thread(migrate_file, config)
        token, token_file = await asyncio.to_thread(api_token, environ, paths)
        redaction.register(token)
        taken = take_ports(binding, stack.enter_context(ExitStack()))

        # Store and credentials
        base_url = effective_base_url(settings, environ)
        database = Database(paths.database)
        store = SqliteStore(database)
        stack.push_async_callback(store.close)
        await mend_database(paths, store, partial(known_secrets, paths, environ), conditions)
        credentials = Credentials(
            config,
            store,
            environ,
            base_url,
            also_forget=forget_cloud,
            same_cloud=same_cloud,
            signed_out=SignedOutKeys(paths.signed_out),
            notes=conditions,
        )
        held = await credentials.load()
        if held.key is not None:
            redaction.register(held.key)

        # The link
        metrics = Metrics()
        cloud = CloudSession(
            base_url,
            allow_loopback=allows_loopback(environ),
            pages_url=settings.pages_url,
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
            machines=Machines.build(),
            conditions=conditions,
        )
        await journal.open()

        # Routes and API
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
            environ=environ,
            allowed_hosts=bindings.allowed_hosts(environ),
            allowed_origins=bindings.allowed_origins(environ),
            redaction=redaction,
        )
        runner = ServiceRunner(app, shutdown_timeout=DRAIN, connections=connections_allowed(raise_limit()))
        stack.push_async_callback(runner.cleanup)
        await runner.setup()

        # Everything is made: begin
        stack.push_async_callback(manager.stop)
        await manager.start()
        await stack.enter_async_context(watched(lock, paths.directory, manager, conditions))
        stack.push_async_callback(_stop_listening, runner)
        await _listen(runner, binding, taken)
        yield Running(manager, config, settings, tuple(map(url_of, taken)), token_file)
    finally:
        async with asyncio.timeout(STOP_BUDGET):
            await stack.aclose()


async def _listen(runner: web.AppRunner, binding: Binding, taken: Sequence[socket.socket]) -> None:
    for port, taken_socket in zip(binding.ports, taken, strict=True):
        try:
            await web.SockSite(runner, taken_socket, backlog=ACCEPTED_AT_ONCE).start()
            taken_socket.listen(BACKLOG)  # asyncio takes one number for both
        except OSError as error:
            raise PortUnavailableError(binding.host, port, error) from error


async def _stop_listening(runner: web.AppRunner) -> None:
    runner.app[DISCONNECTS].stop()
    for site in runner.sites:
        await site.stop()


def require_token(environ: Mapping[str, str], binding: Binding) -> None:
    """Refuse to listen to other machines with a token nobody chose (local-api §20 row 42)."""
    if not binding.is_loopback and len(value_of(environ, API_TOKEN) or "") < LEAST_TOKEN:
        raise BindingError(
            f"{binding.host} can be reached from other machines: set {API_TOKEN} to a secret of at least"
            f" {LEAST_TOKEN} characters, or listen on 127.0.0.1."
        )
