"""What differs by server generation: agent endpoints and route tables."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from eliza_cloud.emulator.generations import c, n
from eliza_cloud.emulator.server.cloud import Generation

ROUTES: Mapping[Generation, Sequence[web.RouteDef]] = {Generation.C: c.ROUTES, Generation.N: n.ROUTES}
