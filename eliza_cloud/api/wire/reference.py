"""This reference itself (handlers: `api/reference.py`)."""

from typing import Any

from eliza_cloud.api.operation import Answer, Operation
from eliza_cloud.core.failure import Failure

_UNCHANGED = Answer(304, "It is still the one with the `ETag` that `If-None-Match` names.", media=None)
_TAG = {"ETag": "Changes when the document does."}

UNKNOWN_PAGE = Failure(
    code="unknown_page",
    status=404,
    message="The reference has no page of this name. See /docs for its pages.",
)

OPENAPI = Operation(
    group="Reference",
    summary="This API as an OpenAPI document",
    answers=(
        Answer(200, "OpenAPI 3.1.", dict[str, Any], {"openapi": "3.1.0"}, headers=_TAG),
        _UNCHANGED,
    ),
)
PAGE = Operation(
    group="Reference",
    summary="This API as a page",
    answers=(Answer(200, "The page.", media="text/html", headers=_TAG), _UNCHANGED),
)
WRITTEN = Operation(
    group="Reference",
    summary="A page of the reference",
    about="The pages are linked from this API's page; `eliza-cloud reference NAME` prints one as Markdown.",
    answers=(Answer(200, "The page.", media="text/html", headers=_TAG), _UNCHANGED),
    errors=(UNKNOWN_PAGE,),
)
