"""What is known about the account and the link (seed: Status Endpoint)."""

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.keys import MANAGER


async def status(request: web.Request) -> web.Response:
    """GET /api/cloud/status: always 200, the cloud is not asked."""
    return answer(request.app[MANAGER].status())
