"""The service of the API's tests; here it is asked about money, and by existing front ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from tests.api.conftest import cloud, scripted, serve, service, signed_in  # noqa: F401 - fixtures

KEY = "eliza_" + "ab" * 32
SUMMARY = {
    "success": True,
    "organization": {
        "id": "o",
        "name": "O",
        "creditBalance": 25,
        "autoTopUpEnabled": True,
        "autoTopUpThreshold": "5.00",
        "autoTopUpAmount": 20,
        "hasPaymentMethod": True,
    },
    "pricing": {"creditsPerDollar": 100, "minimumTopUp": 5, "x402Enabled": False},
}


def says(body: Any, status: int = 200, **headers: str) -> Callable[[web.Request], Any]:
    """Make a handler that always says this; text is sent as HTML."""

    async def handler(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            return web.Response(text=body, status=status, headers=named, content_type="text/html")
        return web.json_response(body, status=status, headers=named)

    return handler


class Heard:
    """Makes handlers that keep what they were asked."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []

    def and_says(self, body: Any, status: int = 200, **headers: str) -> Callable[[web.Request], Any]:
        answers = says(body, status, **headers)

        async def handler(request: web.Request) -> web.Response:
            self.requests.append(request)
            self.bodies.append(await request.read())
            return await answers(request)

        return handler

    @property
    def last_body(self) -> Any:
        return json.loads(self.bodies[-1])


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def against(serve, scripted):  # noqa: F811 - fixtures
    """Give a function that starts a signed-in service over a cloud with these answers by "METHOD path"."""

    async def start(handlers: dict[str, Any], **settings: Any) -> Any:
        user = says({"success": True, "data": {"id": "u", "organization": {"id": "o"}}})
        url = await scripted({"GET /api/v1/user": user, **handlers})
        started = await serve(url, key=KEY, settings=settings)
        await started.until_connected()
        return started

    return start
