"""What a route takes and answers, as data: the API's contract, of which document and page are made."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from eliza_cloud.core.problems import Problem

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class Parameter(msgspec.Struct, frozen=True):
    """What a caller may say beside the body; `model` is its type."""

    name: str
    about: str
    model: Any = str
    place: Literal["query", "header", "path"] = "query"
    required: bool = False
    example: Any = None


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller sends; `example` is an instance of `model`."""

    model: Any
    example: Any
    required: bool = True


class SuccessResponse(msgspec.Struct, frozen=True):
    """One way in which a request succeeds; `example` is an instance of `model`, which is None for no JSON.

    `headers` are those that belong to this answer, by name what they say.
    """

    status: int
    about: str
    model: Any = None
    example: Any = None
    media: str | None = JSON
    headers: Mapping[str, str] = {}


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """The contract of one route.

    `group` is the heading it stands under, `summary` a line, `about` more, with `code` in backticks. `errors`
    are the failures to be expected beyond those that any request may meet; their sentences are examples.
    `others` says what comes through from elsewhere, with any status; with `verbatim` it is in the cloud's own
    form, whatever that is, and so are failures.
    """

    group: str
    summary: str
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    answers: tuple[SuccessResponse, ...]
    errors: tuple[Problem, ...] = ()
    others: str | None = None
    verbatim: bool = False
