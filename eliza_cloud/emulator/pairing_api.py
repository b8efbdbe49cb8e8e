"""`POST …/pairing-token` (contract §20): a one-minute token for the agent's own page."""

import secrets

from aiohttp import web

from eliza_cloud.emulator.agent_views import web_ui_url
from eliza_cloud.emulator.agents_api import agent_of
from eliza_cloud.emulator.answers import refusal, success

LIFE_SECONDS = 60


async def pair_agent(request: web.Request) -> web.Response:
    """The token and where it would be used; the agent must be running. Nothing here redeems it."""
    agent = agent_of(request)
    if agent["status"] != "running":
        raise refusal(400, "The agent must be running to be paired")
    token = secrets.token_urlsafe(32)
    address = f"{web_ui_url(agent['id'])}/pair?token={token}"
    response = success({"token": token, "redirectUrl": address, "expiresIn": LIFE_SECONDS})
    response.headers["Cache-Control"] = "no-store"
    return response
