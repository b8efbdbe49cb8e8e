"""Who may ask: the token, how often a wrong one may be tried, and the order of the checks."""

import hmac
import math
from collections import deque
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from eliza_cloud.api.middleware.allowed_hosts import HostRule, OriginRule
from eliza_cloud.api.middleware.cors import ALLOWED_ORIGIN, is_preflight, preflight_answer
from eliza_cloud.api.middleware.errors import RequestError
from eliza_cloud.core.problems import HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED, TOO_MANY_ATTEMPTS, UNAUTHORIZED
from eliza_cloud.redaction.secret import Secret

WINDOW = 60.0
GUESSES = 10


class FailedAuthLimiter:
    """Counts wrong tokens; from the 11th within a minute on, a wrong one learns only how long to wait."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._times: deque[float] = deque(maxlen=GUESSES)

    def record(self) -> int | None:
        """Note one more; return the whole seconds to wait when there were too many, else None."""
        now = self._monotonic()
        if len(self._times) == GUESSES and now - self._times[0] < WINDOW:
            return math.ceil(self._times[0] + WINDOW - now)
        self._times.append(now)
        return None


_CARRIERS = ("X-Eliza-Token", "X-Api-Key")


class Guard:
    """Lets a request through or raises `RequestError` with 401, 403 or 429.

    `is_open` returns whether a request needs no token.
    """

    def __init__(
        self,
        *,
        token: Secret,
        hosts: HostRule,
        origins: OriginRule,
        is_open: Callable[[web.Request], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._token = _bytes(token.reveal())
        self._hosts = hosts
        self._origins = origins
        self._is_open = is_open
        self._wrong = FailedAuthLimiter(monotonic)

    def middleware(self) -> Middleware:
        """Return the guard as aiohttp takes it."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check_host(request)
            self._check_origin(request)
            if is_preflight(request):
                return preflight_answer()
            if not self._is_open(request):
                self._check_token(request)
            return await handler(request)

        return guard

    def _check_host(self, request: web.Request) -> None:
        named = request.headers.getall("Host", [])
        target = request.url.host if request.raw_path[:1] != "/" else None
        if not self._hosts.allows(named) or (target is not None and not self._hosts.allows([target])):
            raise RequestError(HOST_NOT_ALLOWED.occurred())

    def _check_origin(self, request: web.Request) -> None:
        origins = request.headers.getall("Origin", [])
        if not origins:
            return
        if not self._origins.allows(origins):
            raise RequestError(ORIGIN_NOT_ALLOWED.occurred())
        request[ALLOWED_ORIGIN] = origins[0]

    def _check_token(self, request: web.Request) -> None:
        given = _tokens(request)
        if any([hmac.compare_digest(_bytes(one), self._token) for one in given]):  # noqa: C419 - compares them all
            return
        wait = max([self._wrong.record() or 0 for _ in given], default=0)
        if not wait:
            raise RequestError(UNAUTHORIZED.occurred(), {"WWW-Authenticate": "Bearer"})
        raise RequestError(TOO_MANY_ATTEMPTS.occurred(retry_after=wait))


def _tokens(request: web.Request) -> list[str]:
    """Return what the request offers as a token; never anything from its URL or body."""
    found = [value for name in _CARRIERS for value in request.headers.getall(name, [])]
    for value in request.headers.getall("Authorization", []):
        scheme, _, credential = value.partition(" ")
        if scheme.lower() == "bearer":
            found.append(credential)
    return [value.strip() for value in found if value.strip()]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
