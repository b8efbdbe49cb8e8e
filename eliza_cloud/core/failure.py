"""Why something did not work, as plain data that facts, replies and HTTP answers share."""

from typing import Any

import msgspec


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failure: a machine-readable `code`, the HTTP `status` we answer with, a sentence for a person.

    `retry_after` is in seconds. `details` are the cloud's own members under the cloud's names.
    """

    code: str
    status: int
    message: str
    retryable: bool = False
    retry_after: float | None = None
    details: dict[str, Any] = {}


NOT_SIGNED_IN = Failure(code="not_authenticated", status=401, message="Not connected to Eliza Cloud")

STOPPING = Failure(
    code="stopping",
    status=503,
    message="The service is stopping. Try again when it is back.",
    retryable=True,
)

SUPERSEDED = Failure(
    code="superseded",
    status=409,
    message="A later command took the place of this one.",
)

LINK_UNSETTLED = Failure(
    code="link_unsettled",
    status=409,
    message="The link to this agent is just being made. Try again when it is connected.",
    retryable=True,
)

LINK_CLOSING = Failure(
    code="link_closing",
    status=409,
    message="The link to this agent is just being closed. Try again in a few seconds.",
    retryable=True,
)
