"""What differs by server generation: route tables, and what jobs do."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from eliza_cloud.emulator.agents import job_kinds
from eliza_cloud.emulator.agents.jobs import Work
from eliza_cloud.emulator.generations import c, latest, n
from eliza_cloud.emulator.generations.latest import job_kinds as latest_kinds
from eliza_cloud.emulator.server.cloud import Generation

ROUTES: Mapping[Generation, Sequence[web.RouteDef]] = {
    Generation.C: c.ROUTES,
    Generation.N: n.ROUTES,
    Generation.L: latest.ROUTES,
}
KINDS: Mapping[Generation, Mapping[str, Work]] = {
    Generation.C: job_kinds.KINDS,
    Generation.N: job_kinds.KINDS,
    Generation.L: latest_kinds.KINDS,
}
