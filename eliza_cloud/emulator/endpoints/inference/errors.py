"""The two error shapes of the inference routes (cloud-api §5): OpenAI's envelope, and a bare `error`."""

import functools

from aiohttp import web

from eliza_cloud.emulator.access.rate_limits import Endpoint
from eliza_cloud.emulator.money.metering import Refusal
from eliza_cloud.emulator.server.responses import ApiError, dollars

_KINDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"}


def envelope(
    status: int, message: str, kind: str | None = None, *, code: str | None = None, param: str | None = None
) -> ApiError:
    """OpenAI's `{"error": {"message", "type", "code"?, "param"?}}`."""
    error: dict[str, object] = {"message": message, "type": kind or _KINDS.get(status, "server_error")}
    error |= {key: value for key, value in (("code", code), ("param", param)) if value is not None}
    return ApiError(status, {"error": error})


def missing(param: str) -> ApiError:
    """400 for a parameter that is not there, or not what it must be."""
    message = f"Missing or invalid required parameter: '{param}'"
    return envelope(400, message, code="missing_required_parameter", param=param)


def no_quota(code: str) -> Refusal:
    """A 402 in OpenAI's envelope, with the route's own `code`."""

    def refuse(required: int, available: int) -> ApiError:
        message = f"Insufficient credits: ${required / 1e6:.6f} required, ${available / 1e6:.6f} available."
        return envelope(402, message, "insufficient_quota", code=code)

    return refuse


def bare(status: int, error: str, **more: object) -> ApiError:
    """`{"error": "…"}` without `success`, as the media and RPC routes write it."""
    return ApiError(status, {"error": error, **more})


def no_credits(required: int, _available: int) -> ApiError:
    """The media routes' 402."""
    return bare(402, "Insufficient credits", required=dollars(required))


def openai_errors(endpoint: Endpoint) -> Endpoint:
    """Put every refusal of this endpoint into OpenAI's envelope."""

    @functools.wraps(endpoint)
    async def enveloped(request: web.Request) -> web.StreamResponse:
        try:
            return await endpoint(request)
        except ApiError as refused:
            message, code = refused.body["error"], refused.body.get("code")
            if not isinstance(message, str):
                raise
            # The handlers' own 401 has no code (cloud-api §23).
            shown = None if code is None or refused.status == 401 else str(code)
            raise envelope(refused.status, message, code=shown) from refused

    return enveloped


def bare_errors(endpoint: Endpoint) -> Endpoint:
    """Strip every refusal of this endpoint of `success`, `code` and `details`."""

    @functools.wraps(endpoint)
    async def stripped(request: web.Request) -> web.StreamResponse:
        try:
            return await endpoint(request)
        except ApiError as refused:
            kept = {key: value for key, value in refused.body.items() if key not in ("success", "code")}
            raise ApiError(refused.status, kept) from refused

    return stripped
