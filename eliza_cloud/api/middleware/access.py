"""Who may ask (local-api §2): allowed hosts, allowed origins (CORS), the token and how often it may be wrong.

Hosts and origins are exact names, no look-alikes. CORS allows no credentials: the token is a header.
"""

import hmac
import math
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.core.problems import HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED, TOO_MANY_ATTEMPTS, UNAUTHORIZED
from eliza_cloud.ops.logging.access_log import TRUSTED
from eliza_cloud.redaction.secret import Secret

_HOST = re.compile(r"(?P<name>\[[0-9a-f]*:[0-9a-f:.]*\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_BARE_IPV6 = re.compile(r"[0-9a-f]*(?::[0-9a-f.]*){2,}")
_LOCAL_ORIGIN = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class HostRule:
    """The names this service answers to; `any_name` when it listens everywhere, with the token asked for."""

    def __init__(self, bound: str, named: Iterable[str], *, any_name: bool) -> None:
        self._names = {name.lower().strip("[]") for name in (*_LOCAL_HOSTS, bound, *named)}
        self._any_name = any_name

    def allows(self, values: list[str]) -> bool:
        """Judge a request's `Host` headers: exactly one, well-formed and known, in any case."""
        if len(values) != 1:
            return False
        value = values[0].lower()
        match = _HOST.fullmatch(value)
        if match is None and not _BARE_IPV6.fullmatch(value):
            return False
        name = match["name"].strip("[]") if match else value
        return self._any_name or name in self._names or value in self._names


class OriginRule:
    """The pages that may call this service: those of this machine, and those that were named."""

    def __init__(self, named: Iterable[str]) -> None:
        self._named = {origin.lower().rstrip("/") for origin in named}

    def allows(self, values: list[str]) -> bool:
        """Judge a request's `Origin` headers, if it has any; `null` is never allowed."""
        if len(values) != 1:
            return False
        value = values[0].lower()
        return bool(_LOCAL_ORIGIN.fullmatch(value)) or value in self._named


#: Under this key of a request the guard keeps the origin it allowed.
ALLOWED_ORIGIN = web.RequestKey("allowed_origin", str)
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
_HEADERS = (
    "Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Prefer, Traceparent,"
    " Tracestate, X-Api-Key, X-Eliza-Dedicated-Price, X-Eliza-Token, X-Request-Id"
)
_EXPOSED = "Allow, Location, Preference-Applied, Retry-After, X-Request-Id"


def is_preflight(request: web.Request) -> bool:
    """Return whether this is a preflight request; the guard has checked its origin."""
    return (
        request.method == "OPTIONS"
        and ALLOWED_ORIGIN in request
        and "Access-Control-Request-Method" in request.headers
    )


def preflight_answer() -> web.Response:
    """Answer what may be sent; `mark` adds to whom."""
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": "600",
        },
    )


def mark(request: web.Request, response: web.StreamResponse) -> None:
    """Echo the allowed origin, and make caches vary by it."""
    varies = response.headers.get("Vary")
    response.headers["Vary"] = f"{varies}, Origin" if varies else "Origin"
    if ALLOWED_ORIGIN in request:
        response.headers["Access-Control-Allow-Origin"] = request[ALLOWED_ORIGIN]
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED


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

    `open_routes` are the methods and paths that need no token; HEAD follows GET, and what matches no route is
    not open.
    """

    def __init__(
        self,
        *,
        token: Secret,
        hosts: HostRule,
        origins: OriginRule,
        open_routes: Collection[tuple[str, str]],
        monotonic: Callable[[], float],
    ) -> None:
        self._token = _bytes(token.reveal())
        self._hosts = hosts
        self._origins = origins
        self._open_routes = open_routes
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
                request[TRUSTED] = True
            return await handler(request)

        return guard

    def _is_open(self, request: web.Request) -> bool:
        resource = request.match_info.route.resource
        method = "GET" if request.method == "HEAD" else request.method
        return resource is not None and (method, resource.canonical) in self._open_routes

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
