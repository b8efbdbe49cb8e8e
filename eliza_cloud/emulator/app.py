"""Putting the emulator together: one aiohttp application that owns its database and its background work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from eliza_cloud.emulator import (
    agent_actions,
    agent_actions_next,
    agent_create,
    agent_create_next,
    completions_api,
    control_api,
    credits_api,
    embeddings_api,
    faults_api,
    generated_files,
    jobs_api,
    login_api,
    login_pages,
    media_api,
    models_api,
    payments_api,
    rpc_api,
    speech_api,
    user_api,
)
from eliza_cloud.emulator.accounts import ensure_user
from eliza_cloud.emulator.agents_api import get_agent, list_agents
from eliza_cloud.emulator.backups_api import list_backups, restore_backup, take_snapshot
from eliza_cloud.emulator.billing import bill_hourly
from eliza_cloud.emulator.bridge_api import call_bridge
from eliza_cloud.emulator.clock import Clock, RealClock
from eliza_cloud.emulator.cloud import AGENT_PREFIXES, CLOUD, GENERATIONS, Cloud, Generation, Pace
from eliza_cloud.emulator.control_api import local_only
from eliza_cloud.emulator.database import Database
from eliza_cloud.emulator.edge import edge, errors
from eliza_cloud.emulator.fault_injection import CLOSING, faults
from eliza_cloud.emulator.fault_plan import FAULTS, FaultPlan
from eliza_cloud.emulator.job_kinds import KINDS
from eliza_cloud.emulator.jobs import JOBS, JobRunner
from eliza_cloud.emulator.pairing_api import pair_agent
from eliza_cloud.emulator.provision_api import provision_agent, resume_agent
from eliza_cloud.emulator.rate_limits import LIMITS, RateLimits
from eliza_cloud.emulator.stream_api import stream_message

# The real servers' platform takes bodies up to about this size.
_BODY_LIMIT = 4_500_000

_TABLES = (
    user_api.routes,
    login_api.routes,
    login_pages.routes,
    jobs_api.routes,
    models_api.routes,
    completions_api.routes,
    embeddings_api.routes,
    speech_api.routes,
    media_api.routes,
    generated_files.routes,
    rpc_api.routes,
    credits_api.routes,
    payments_api.routes,
    control_api.routes,
    faults_api.routes,
)


def _agent_routes(cloud: Cloud, prefix: str) -> list[web.RouteDef]:
    create = agent_create_next if cloud.is_next else agent_create
    actions = agent_actions_next if cloud.is_next else agent_actions
    one = f"{prefix}/{{agent_id}}"
    return [
        web.get(prefix, list_agents),
        web.post(prefix, create.create_agent),
        web.get(one, get_agent),
        web.patch(one, actions.patch_agent),
        web.delete(one, actions.delete_agent),
        web.post(f"{one}/provision", provision_agent),
        web.post(f"{one}/suspend", actions.suspend_agent),
        web.post(f"{one}/resume", resume_agent),
        web.post(f"{one}/bridge", call_bridge),
        web.post(f"{one}/stream", stream_message),
        web.post(f"{one}/snapshot", take_snapshot),
        web.get(f"{one}/backups", list_backups),
        web.post(f"{one}/restore", restore_backup),
        web.post(f"{one}/pairing-token", pair_agent),
    ]


async def _run(app: web.Application) -> AsyncIterator[None]:
    """Open the database and run the background work; everything ends with the application."""
    cloud, jobs = app[CLOUD], app[JOBS]
    cloud.database.open()
    try:
        ensure_user(cloud)
        jobs.resume_unfinished()
        billing = asyncio.create_task(bill_hourly(cloud), name="emulator-billing")
        yield
        billing.cancel()
        with suppress(asyncio.CancelledError):
            await billing
        await jobs.close()
    finally:
        cloud.database.close()


async def _end_hanging(app: web.Application) -> None:
    app[CLOSING].set()


def create_app(
    *,
    generation: str = Generation.C.value,
    database: str | Path = ":memory:",
    poll_interval_ms: int = 5000,
    job_seconds: float = 3.0,
    job_retry_seconds: tuple[float, float] = (30.0, 120.0),
    rate_limits: bool = True,
    clock: Clock | None = None,
) -> web.Application:
    """An Eliza Cloud of this generation; without a `clock` it lives in real time.

    `database` is a file that survives a restart, `poll_interval_ms` the hint that answers carry,
    `job_seconds` how long one provisioning attempt takes, `job_retry_seconds` the pauses between attempts.
    Raises ValueError for an unknown generation.
    """
    if generation not in GENERATIONS:
        raise ValueError(f"There is no generation {generation!r}; choose one of {', '.join(GENERATIONS)}.")
    time = RealClock() if clock is None else clock
    pace = Pace(poll_interval_ms, job_seconds, job_retry_seconds)
    cloud = Cloud(Generation(generation), time, Database(database), pace)
    # Refusals become answers outside the faults, and inside them, so that a fault can spoil a refusal too.
    app = web.Application(middlewares=[errors, local_only, faults, errors, edge], client_max_size=_BODY_LIMIT)
    app[CLOUD] = cloud
    app[JOBS] = JobRunner(cloud, KINDS)
    app[FAULTS] = FaultPlan()
    app[LIMITS] = RateLimits(time, enabled=rate_limits)
    app[CLOSING] = asyncio.Event()
    app[rpc_api.RPC_ANSWERS] = {}
    for prefix in AGENT_PREFIXES[cloud.generation]:
        app.add_routes(_agent_routes(cloud, prefix))
    for table in _TABLES:
        app.add_routes(table)
    if cloud.is_next:
        app.add_routes([web.delete("/api/auth/cli-session/{session_id}", login_api.revoke_session_key)])
    app.on_shutdown.append(_end_hanging)
    app.cleanup_ctx.append(_run)
    return app
