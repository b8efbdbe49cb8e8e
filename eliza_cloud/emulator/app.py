"""Putting the emulator together: one aiohttp application that owns its database and its background work."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from aiohttp import web

from eliza_cloud.emulator.access.accounts import ensure_user
from eliza_cloud.emulator.access.edge import edge, errors
from eliza_cloud.emulator.access.rate_limits import LIMITS, RateLimits
from eliza_cloud.emulator.agents.jobs import JOBS, JobRunner
from eliza_cloud.emulator.control import accounts, agents, state
from eliza_cloud.emulator.control import cloud as cloud_settings
from eliza_cloud.emulator.control.calls import local_only
from eliza_cloud.emulator.endpoints import compat, credits, jobs, login, login_pages, payments, user  # noqa: A004 (a module)
from eliza_cloud.emulator.endpoints.inference import (
    completions,
    embeddings,
    generated_files,
    media,
    other_shapes,
    rpc,
    speech,
)
from eliza_cloud.emulator.endpoints.inference import (
    models as model_endpoints,
)
from eliza_cloud.emulator.faults import endpoints as fault_endpoints
from eliza_cloud.emulator.faults.injection import CLOSING, faults
from eliza_cloud.emulator.faults.plan import FAULTS, FaultPlan
from eliza_cloud.emulator.generations import KINDS, ROUTES
from eliza_cloud.emulator.generations.latest.deletion import repeat_deletions
from eliza_cloud.emulator.money.hosting import bill_hourly
from eliza_cloud.emulator.server import settings
from eliza_cloud.emulator.server.clock import Clock, RealClock
from eliza_cloud.emulator.server.cloud import CLOUD, GENERATIONS, Cloud, Generation, Pace
from eliza_cloud.emulator.server.database import Database

# The real servers' platform takes bodies up to about this size.
_BODY_LIMIT = 4_500_000

_TABLES = (
    user.routes,
    login.routes,
    login_pages.routes,
    jobs.routes,
    model_endpoints.routes,
    completions.routes,
    other_shapes.routes,
    embeddings.routes,
    speech.routes,
    media.routes,
    generated_files.routes,
    rpc.routes,
    credits.routes,
    payments.routes,
    compat.routes,
    accounts.routes,
    agents.routes,
    cloud_settings.routes,
    state.routes,
    fault_endpoints.routes,
)


async def _run(app: web.Application) -> AsyncIterator[None]:
    """Open the database and run the background work; everything ends with the application."""
    cloud, runner = app[CLOUD], app[JOBS]
    cloud.database.open()
    try:
        ensure_user(cloud)
        runner.stall(is_stalled=settings.read(cloud, "worker") == "stalled")
        runner.resume_unfinished()
        runner.spawn(bill_hourly(cloud), "emulator-billing")
        if cloud.is_latest:
            runner.spawn(repeat_deletions(cloud, runner), "emulator-deletions")
        yield
        await runner.close()
    finally:
        cloud.database.close()


async def _end_hanging(app: web.Application) -> None:
    app[CLOSING].set()


def create_app(
    *,
    generation: str = Generation.L.value,
    database: str | Path = ":memory:",
    poll_interval_ms: int = 5000,
    job_seconds: float = 3.0,
    job_retry_seconds: tuple[float, float] = (30.0, 120.0),
    rate_limits: bool = True,
    models: Collection[str] = (),
    approve: bool = False,
    clock: Clock | None = None,
) -> web.Application:
    """An Eliza Cloud of this generation; without a `clock` it lives in real time.

    `database` is a file that survives a restart, `poll_interval_ms` the hint that answers carry,
    `job_seconds` how long one provisioning attempt takes, `job_retry_seconds` the pauses between attempts,
    `models` the names of models that have a price here besides the cloud's own. With `approve` every login is
    signed in by itself, as the default user.
    Raises ValueError for an unknown generation.
    """
    if generation not in GENERATIONS:
        raise ValueError(f"There is no generation {generation!r}; choose one of {', '.join(GENERATIONS)}.")
    time = RealClock() if clock is None else clock
    pace = Pace(poll_interval_ms, job_seconds, job_retry_seconds)
    cloud = Cloud(Generation(generation), time, Database(database), pace, frozenset(models), approve)
    # API errors become responses outside the faults, and inside them, so that a fault can spoil those too.
    app = web.Application(middlewares=[errors, local_only, faults, errors, edge], client_max_size=_BODY_LIMIT)
    app[CLOUD] = cloud
    app[JOBS] = JobRunner(cloud, KINDS[cloud.generation])
    app[FAULTS] = FaultPlan()
    app[LIMITS] = RateLimits(time, enabled=rate_limits, is_shared=cloud.is_c)
    app[CLOSING] = asyncio.Event()
    app[rpc.RPC_ANSWERS] = {}
    # First, for of two handlers of one path the earlier one answers.
    app.add_routes(ROUTES[cloud.generation])
    for table in _TABLES:
        app.add_routes(table)
    app.on_shutdown.append(_end_hanging)
    app.cleanup_ctx.append(_run)
    return app
