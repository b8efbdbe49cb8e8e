"""A service in this process, signed in, before a cloud that writes down what reaches it."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from eliza_cloud.api.app import create_app
from eliza_cloud.daemon import service as daemon
from tests.harness.service import Service, whole_service
from tests.harness.waiting import until
from tests.security.guard_rows import KEY, TOKEN

MINUTES = itertools.count(0.0, 60.0)


@dataclass
class WatchedCloud:
    """A cloud that knows one user and writes down every request; `url` is where it answers."""

    url: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, request.path))
        if request.path == "/api/v1/user":
            return web.json_response({"success": True, "data": {"id": "u", "organization": {"id": "o"}}})
        return web.json_response({"success": True, "data": []})


@contextlib.asynccontextmanager
async def watched_cloud() -> AsyncIterator[WatchedCloud]:
    cloud = WatchedCloud()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", cloud.handle)
    async with TestServer(app) as server:
        cloud.url = str(server.make_url("")).rstrip("/")
        yield cloud


class GuardedService(Service):
    """The service under attack. `reached` lists what got past the guard."""

    cloud: WatchedCloud
    reached: list[str]

    def effects(self) -> tuple[Any, ...]:
        """All that a request could have caused: handlers, calls of the cloud, other facts of the link."""
        return (len(self.reached), len(self.cloud.calls), self.manager.facts)


@contextlib.asynccontextmanager
async def guarded_service(
    directory: Path,
    patch: pytest.MonkeyPatch,
    *,
    extra: Callable[[web.Application], None] = lambda _: None,
    monotonic: Callable[[], float] = MINUTES.__next__,
) -> AsyncIterator[GuardedService]:
    """Put the service together as `serve` does, and look into its application; `extra` may add to that.

    By default a minute passes between any two wrong tokens, so that none is answered 429 for those before it.
    """
    reached: list[str] = []

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        reached.append(f"{request.method} {request.path}")
        return await handler(request)

    def watched_app(*given: Any, **named: Any) -> web.Application:
        app = create_app(*given, **{**named, "monotonic": monotonic})
        app.middlewares.append(watch)  # inside of the guard
        extra(app)
        return app

    patch.setattr(daemon, "create_app", watched_app)
    async with (
        watched_cloud() as cloud,
        whole_service(directory, cloud.url, KEY, kind=GuardedService, ELIZA_API_TOKEN=TOKEN) as service,
    ):
        service.cloud, service.reached = cloud, reached
        await until(lambda: service.manager.status().connected)
        yield service
