"""CORS: which calls from other origins browsers may make. No credentials, the token is a header."""

from aiohttp import web

#: Under this key of a request the guard keeps the origin it allowed.
ALLOWED_ORIGIN = web.RequestKey("allowed_origin", str)
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
_HEADERS = (
    "Accept, Authorization, Content-Type, Last-Event-ID, Prefer, Traceparent,"
    " Tracestate, X-Api-Key, X-Eliza-Token, X-Request-Id"
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
    response.headers["Vary"] = "Origin"
    if ALLOWED_ORIGIN in request:
        response.headers["Access-Control-Allow-Origin"] = request[ALLOWED_ORIGIN]
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
