"""Is it alive, is it linked: a supervisor asks without a token, and is told no more than that."""

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import MANAGER
from eliza_cloud.api.wire.probes import Alive, Ready

#: Seconds the link's consumer has to answer.
WITHIN = 5.0


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: 200 while the link's consumer answers, else 503, which a restart mends."""
    alive = await request.app[MANAGER].answers(within=WITHIN)
    return answer(Alive(alive), 200 if alive else 503)


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: 200 while the link stands, else 503 with the code of the reason."""
    reason = request.app[MANAGER].readiness()
    return answer(Ready(ready=True)) if reason is None else answer(Ready(ready=False, reason=reason), 503)
