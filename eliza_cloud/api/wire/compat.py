"""The cloud's compat surface, passed on (handler: `api/compat.py`)."""

from typing import Any

from eliza_cloud.api.operation import Answer, Body, Operation
from eliza_cloud.api.relay import CUT
from eliza_cloud.api.wire.errors import BODY, CLOUD, invalid

_ABOUT = (
    "Passed on to the same path under `/api/compat/` of Eliza Cloud, with query and body, and the answer as"
    " it comes. The path may have several segments."
)
_SEGMENT = invalid("This path has a segment that no path of Eliza Cloud has")


def compat(method: str) -> Operation:
    """Return the contract of one method."""
    takes_body = method in {"POST", "PUT", "PATCH"}
    return Operation(
        group="Compat",
        summary=f"{method} of the compat surface",
        about=_ABOUT,
        body=Body(model=Any, example={}, required=False) if takes_body else None,
        answers=(Answer(200, "What the cloud answers.", dict[str, Any], {"success": True}),),
        errors=(_SEGMENT, *BODY, *CLOUD, CUT),
        others="What the cloud answers, whatever it is, as it said it.",
        verbatim=True,
    )
