"""An Eliza Cloud that can be made to send back the key it was asked with, in every place there is."""

import json
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.harness.emulator import Emulator


class EchoingCloud(Emulator):
    """`mood` None answers truly, "spice" adds the key to good answers, a number answers with that status."""

    def __init__(self, session: aiohttp.ClientSession, generation: str) -> None:
        super().__init__(session, generation)
        self.mood: int | str | None = None
        self.asked: list[bytes] = []
        self.tokens_seen: list[bytes] = []

    async def heal(self) -> None:
        self.mood = None
        await super().heal()

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note what was asked, then answer in the present mood."""
        if request.path.startswith("/emulator/"):
            return await handler(request)
        body = await request.read()
        self.asked.append(f"{request.method} {request.raw_path}\n".encode() + body)
        self.tokens_seen.append(
            repr(sorted(request.headers.items())).encode() + request.raw_path.encode() + body
        )
        key = request.headers.get("X-API-Key", "")
        if self.mood is None or not (key or "cli-session" in request.path):
            return await handler(request)
        if isinstance(self.mood, int):
            return refusal(self.mood, key)
        if key and request.path.endswith("/stream"):
            return await stream(request, key)
        return spiced(request, await handler(request), key)


def refusal(status: int, key: str) -> web.Response:
    """An error with the key in its body, its headers, its reason and where it redirects to."""
    half, rest = key[: len(key) // 2], key[len(key) // 2 :]
    body = {
        "success": False,
        "error": f'Invalid key "{key}", it starts with {half} and ends with {rest} (Bearer {key})',
        "message": key,
        "code": key or "no_key",
        "details": {key or "none": [key, {"key": key, "header": f"X-API-Key: {key}"}], "half": rest},
        "data": {"agentId": key, "status": half},
        "failureId": f"{key}-1",
        "currentAgents": key,
        "outstandingUsd": key,
        "pricing": {"currency": key, "hourlyRateUsd": 1, "acceptanceValue": key, key: key},
        "polling": {"endpoint": f"/api/v1/jobs/{key}", "intervalMs": key},
    }
    headers = {
        "X-Echo": key,
        "Set-Cookie": f"key={key}",
        "WWW-Authenticate": f"Bearer {key}",
        "Retry-After": "1",
    }
    if 300 <= status < 400:
        headers["Location"] = (
            f"https://{(key or 'x').replace('_', '-')[:60]}.evil.example/{key}?key={key}#{key}"
        )
    return web.json_response(body, status=status, reason=f"No {key}", headers=headers)


async def stream(request: web.Request, key: str) -> web.StreamResponse:
    """A reply that has the key in a piece, in members nobody asked for, and in the error that ends it."""
    events = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Echo": key})
    await events.prepare(request)
    for name, data in (
        ("connected", {"agentId": key, "key": key}),
        ("chunk", {"text": f"Your key is {key}, its end is {key[30:]}. ", "key": key}),
        ("error", {"message": f"no {key}", "error": f"no {key}", "code": key}),
    ):
        await events.write(f"event: {name}\nid: {key}\n: {key}\ndata: {json.dumps(data)}\n\n".encode())
    return events


def spiced(request: web.Request, response: web.StreamResponse, key: str) -> web.StreamResponse:
    """A good answer with the key in every object; a sign-in shows the whole key as the key's prefix."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    try:
        document = json.loads(response.body)
    except ValueError:
        return response
    secret = key or document.get("apiKey", "")
    if secret:
        _spice(document, secret)
    if request.path == "/api/v1/user" and isinstance(document.get("data"), dict):
        document["data"]["id"] = secret
    return web.json_response(
        document, status=response.status, headers={"X-Echo": secret, "X-Request-Id": secret}
    )


def _spice(value: Any, key: str) -> None:
    if isinstance(value, list):
        for item in value:
            _spice(item, key)
    elif isinstance(value, dict):
        for item in list(value.values()):
            _spice(item, key)
        for name in ("agentName", "text", "name", "email", "error", "errorMessage", "keyPrefix"):
            if isinstance(value.get(name), str):
                value[name] = key if name == "keyPrefix" else f"{value[name]} {key}"
        value.update(
            {"echo": f"asked with {key}", "cut": key[:40], "rest": key[25:], key: "a name", "list": [[key]]}
        )
