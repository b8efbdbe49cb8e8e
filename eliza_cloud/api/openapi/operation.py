"""What a route takes and answers, as data: the API's contract, of which document and page are made."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eliza_cloud.api.http.inputs import Body, Parameter
from eliza_cloud.core.problems import Problem

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class SuccessResponse(msgspec.Struct, frozen=True):
    """One way in which a request succeeds; `example` is an instance of `model`, which is None for no JSON.

    `headers` are those that belong to this answer, name and meaning.
    """

    status: int
    about: str
    model: Any = None
    example: Any = None
    media: str | None = JSON
    headers: Mapping[str, str] = {}


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """The contract of one route.

    `id` names it in generated clients and is its anchor on the page. `group` is the heading it stands under,
    `summary` a line, `about` more, with `code` in backticks. Its parameters and its body are those that the
    handler reads. `errors` are the problems to be expected beyond those that any request may meet and those
    that parameters and body imply; their sentences are examples. `others` says what comes through from
    elsewhere, with any status; with `verbatim` it is in the cloud's own form, whatever that is, and so are
    failures.
    """

    id: str
    group: str
    summary: str
    about: str = ""
    parameters: tuple[Parameter[Any], ...] = ()
    body: Body[Any] | None = None
    answers: tuple[SuccessResponse, ...]
    errors: tuple[Problem, ...] = ()
    others: str | None = None
    verbatim: bool = False
