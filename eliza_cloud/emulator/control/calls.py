"""Who may call `/emulator/*`, and how its bodies are read."""

import ipaddress

from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.emulator.endpoints.agents import body_or_null
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.responses import api_error


def _is_local(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse control calls from elsewhere, and those a page in a browser could have sent."""
    if request.path.startswith("/emulator/"):
        host = request.url.host or ""
        if not _is_local(request.remote or "") or not _is_local(host) or "Origin" in request.headers:
            raise api_error(
                403, "The emulator is controlled from this machine only, and not from a web page."
            )
    return await handler(request)


async def body_of(request: web.Request, **checks: zod.Check) -> dict[str, object]:
    """The body of a control call, an object; an empty body is `{}`; 400 names what is wrong."""
    found = await body_or_null(request)
    document = {} if found is None and not await request.text() else found
    body, wrong = zod.valid_object(document, zod.fields(checks))
    unknown = sorted(set(body) - set(checks))
    if unknown:
        wrong = [{"path": [key], "message": f"Unknown key; known are {', '.join(checks)}"} for key in unknown]
    if wrong:
        raise api_error(400, "The body of this control call is wrong.", details=wrong)
    return body


def anything(_value: object, _path: zod.Path) -> list[zod.Issue]:
    """A check that every value passes."""
    return []
