"""Pace limits (cloud-api §6): fixed windows per credential, with their headers and the 429."""

import functools
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from eliza_cloud.emulator.access import browser
from eliza_cloud.emulator.access.api_keys import PREFIX, digest
from eliza_cloud.emulator.access.auth import bearer
from eliza_cloud.emulator.server.clock import Clock
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.responses import ApiError, iso, json_response

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Preset:
    """So many calls in so many seconds."""

    name: str
    calls: int
    seconds: int


STANDARD = Preset("standard", 60, 60)
STRICT = Preset("strict", 10, 60)
RELAXED = Preset("relaxed", 200, 60)
CRITICAL = Preset("critical", 5, 300)
RPC = Preset("rpc", 100, 60)

PACE_HEADERS = web.RequestKey("pace_headers", dict[str, str])


@dataclass(slots=True)
class _Window:
    resets_at: float
    calls: int = 0


class RateLimits:
    """The windows of all callers; switched off, nothing is counted and no header is sent."""

    def __init__(self, clock: Clock, *, enabled: bool) -> None:
        self.enabled = enabled
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    def count(self, preset: Preset, caller: str) -> _Window:
        """Count one call in this caller's present window."""
        now = self._clock.time()
        window = self._windows.get((preset.name, caller))
        if window is None or window.resets_at <= now:
            window = self._windows[preset.name, caller] = _Window(now + preset.seconds)
        window.calls += 1
        return window


LIMITS = web.AppKey("limits", RateLimits)


def by_credential(request: web.Request) -> str:
    """The bucket of a call: its key, else its user, else the one all others share."""
    token = bearer(request) or ""
    key = request.headers.get("X-API-Key") or (token if token.startswith(PREFIX) else "")
    if key:
        return f"key:{digest(key)}"
    user = browser.signed_in(request)
    return "public" if user is None else f"user:{user['id']}"


def by_address(request: web.Request) -> str:
    """The bucket of a call before anyone is known: the caller's address."""
    return f"ip:{request.remote}"


def limited(
    preset: Preset, bucket: Callable[[web.Request], str] = by_credential
) -> Callable[[Endpoint], Endpoint]:
    """Keep an endpoint to a preset; the headers go with every answer, the refused ones too.

    An endpoint that streams sends its headers itself: they are in `request[PACE_HEADERS]`.
    """

    def wrap(endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        async def guarded(request: web.Request) -> web.StreamResponse:
            limits = request.app[LIMITS]
            request[PACE_HEADERS] = {}
            if not limits.enabled:
                return await endpoint(request)
            window = limits.count(preset, bucket(request))
            request[PACE_HEADERS] = headers = {
                "X-RateLimit-Limit": str(preset.calls),
                "X-RateLimit-Remaining": str(max(0, preset.calls - window.calls)),
                "X-RateLimit-Reset": iso(window.resets_at),
                "X-RateLimit-Policy": "in-memory",
            }
            if window.calls > preset.calls:
                seconds = max(1, math.ceil(window.resets_at - request.app[CLOUD].clock.time()))
                response: web.StreamResponse = _too_many(preset, seconds)
            else:
                try:
                    response = await endpoint(request)
                except ApiError as refused:
                    response = refused.response()
            if not response.prepared:
                response.headers.update(headers)
            return response

        return guarded

    return wrap


def _too_many(preset: Preset, seconds: int) -> web.Response:
    body = {
        "success": False,
        "error": "Too many requests",
        "code": "rate_limit_exceeded",
        "message": f"At most {preset.calls} requests in {preset.seconds} seconds are allowed.",
        "retryAfter": seconds,
    }
    return json_response(body, 429, {"Retry-After": str(seconds)})
