"""A host that Eliza Cloud has left (cloud-api-latest L1): every path redirects to where it is answered now.

One address stands for all present hosts here, so API and pages lead to the same place.
"""

from aiohttp import web


def _target(base: str, request: web.Request) -> str:
    path = request.rel_url.raw_path
    if path == "/dashboard" or path.startswith("/dashboard/"):
        path = f"/cloud{path.removeprefix('/dashboard')}"
    query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
    return f"{base}{path}{query}"


def create_legacy_host(base: str, *, status: int = 308) -> web.Application:
    """A host whose every answer is a redirect of this status to `base`, with the same path and query."""

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": _target(base.rstrip("/"), request)})

    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", redirect)
    return app
