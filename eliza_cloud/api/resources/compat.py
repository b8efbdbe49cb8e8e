"""/api/cloud/compat/*: the cloud's compat surface for front ends that speak it (local-api §13)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import ACCEPTED, MAX_BODY, Body, Parameter, read_content
from eliza_cloud.api.http.relay import relay_opened
from eliza_cloud.api.http.responses import RequestError
from eliza_cloud.api.openapi.error_examples import CLOUD
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.passthrough import in_contract_words, pass_on
from eliza_cloud.cloud.errors import CloudError, KeyRefused
from eliza_cloud.cloud.types.billing import Verbatim
from eliza_cloud.core.problems import PATH_NOT_OF_THE_CLOUD, RESPONSE_TRUNCATED
from eliza_cloud.runtime.errors import LinkError

_ABOUT = (
    "Passed on to the same path under `/api/compat/` of Eliza Cloud, with query and body, and the answer as"
    " it comes. The path may have several segments."
)
PATH = Parameter[str](
    "path",
    "The path there.",
    Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$")],
    place="path",
    example="agents",
)


def compat_operation(method: str) -> Operation:
    """Return the contract of one method."""
    takes_body = method in {"POST", "PUT", "PATCH"}
    return Operation(
        id=f"{method.lower()}Compat",
        group="Compat",
        summary=f"{method} of the compat surface",
        about=_ABOUT,
        parameters=(PATH, ACCEPTED),
        body=Body[Any]({}, model=Any, required=False) if takes_body else None,
        answers=(SuccessResponse(200, "What the cloud answers.", dict[str, Any], {"success": True}),),
        errors=(*CLOUD, RESPONSE_TRUNCATED.example()),
        others="Any other answer of the cloud, as it came.",
        verbatim=True,
    )


COMPAT_PATH = "/api/cloud/compat/{path:.+}"
COMPAT_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HERE = "/api/cloud/compat/"
_THERE = "/api/compat/"


class _Declined(Exception):  # noqa: N818 - the fact, as its reader names it
    """The cloud answered 400 or more."""

    def __init__(self, said: Verbatim) -> None:
        super().__init__(said.status)
        self.said = said


async def compat(request: web.Request) -> web.StreamResponse:
    """Pass a request on to the same path of the cloud, and its answer down as it comes."""
    target = _target(request)
    price = ACCEPTED.read(request)
    headers = {} if price is None else {ACCEPTED.name: price}
    content = await read_content(request, MAX_BODY)
    try:
        return await relay_opened(request, _open(request, target, content, headers))
    except _Declined as declined:
        if declined.said.status == 401:
            request.app[MANAGER].reverify_key()
        return pass_on(declined.said)


@asynccontextmanager
async def _open(
    request: web.Request, target: str, content: bytes, headers: Mapping[str, str]
) -> AsyncIterator[aiohttp.ClientResponse]:
    manager = request.app[MANAGER]
    try:
        async with manager.cloud_client().compat(request.method, target, content, headers) as upstream:
            if isinstance(upstream, Verbatim):
                raise _Declined(upstream)
            yield upstream
    except CloudError as error:
        if isinstance(error, KeyRefused):
            manager.reverify_key()
        raise LinkError(in_contract_words(error.problem, "compat")) from error
    except LinkError as error:
        raise LinkError(in_contract_words(error.problem, "compat")) from error


def _target(request: web.Request) -> str:
    """Return the path and query to ask the cloud for; 400 for one that could leave the compat surface."""
    path, mark, query = request.rel_url.raw_path_qs.removeprefix(_HERE).partition("?")
    for segment in path.split("/"):
        plain = unquote(segment)
        if plain in {"", ".", ".."} or "/" in plain or "\\" in plain:
            raise RequestError(PATH_NOT_OF_THE_CLOUD.occurred())
    return f"{_THERE}{path}{mark}{query}"
