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
from eliza_cloud.emulator.server.responses import ApiError, iso

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
_ADDRESS = Preset("address", 600, 60)

PACE_HEADERS = web.RequestKey("pace_headers", dict[str, str])


@dataclass(slots=True)
class _Window:
    resets_at: float
    calls: int = 0


class RateLimits:
    """The windows of all callers; switched off, nothing is counted and no header is sent."""

    def __init__(self, clock: Clock, *, enabled: bool, is_shared: bool) -> None:
        self.enabled = enabled
        self._is_shared = is_shared
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    def count(self, preset: Preset, caller: str) -> _Window:
        """Count one call in this caller's present window."""
        now = self._clock.time()
        # In generation C one kind of call uses up another's limit: a counter for each caller (cloud-api §23).
        name = ("" if self._is_shared else preset.name, caller)
        window = self._windows.get(name)
        if window is None or window.resets_at <= now:
            window = self._windows[name] = _Window(now + preset.seconds)
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
                response: web.StreamResponse = _too_many(request, preset, window).response()
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


def _too_many(request: web.Request, preset: Preset, window: _Window) -> ApiError:
    seconds = max(1, math.ceil(window.resets_at - request.app[CLOUD].clock.time()))
    body = {
        "success": False,
        "error": "Too many requests",
        "code": "rate_limit_exceeded",
        "message": f"At most {preset.calls} requests in {preset.seconds} seconds are allowed.",
        "retryAfter": seconds,
    }
    return ApiError(429, body, {"Retry-After": str(seconds)})


def limit_address(request: web.Request) -> None:
    """429 beyond what one address may call altogether (generation L, cloud-api-latest L22)."""
    limits = request.app[LIMITS]
    if limits.enabled:
        window = limits.count(_ADDRESS, by_address(request))
        if window.calls > _ADDRESS.calls:
            raise _too_many(request, _ADDRESS, window)
