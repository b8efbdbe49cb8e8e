"""The account's balance (handler: `api/credits.py`)."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from eliza_cloud.api.operation import Answer, Operation
from eliza_cloud.core.view import TOP_UP_URL

Dollars = Annotated[float, Meta(description="US dollars.")]


class Outlook(msgspec.Struct, frozen=True, rename="camel"):
    """What the balance allows and how long it lasts; null where too little has been seen to tell."""

    can_provision: Annotated[bool, Meta(description="Whether the cloud creates and starts agents for it.")]
    minimum_deposit: Dollars
    hours_left: float | None
    spending_per_hour: Dollars | None


class Credits(msgspec.Struct, frozen=True, rename="camel"):
    """The balance; null when nobody is signed in, or when `error` says why it could not be read."""

    connected: Annotated[bool, Meta(description="Whether there is an account to ask for.")]
    balance: Dollars | None
    low: Annotated[bool, Meta(description="Below $2.00.")] | UnsetType = UNSET
    critical: Annotated[bool, Meta(description="Below $0.50.")] | UnsetType = UNSET
    top_up_url: str | UnsetType = UNSET
    outlook: Outlook | UnsetType = UNSET
    error: str | UnsetType = UNSET
    auth_rejected: bool | UnsetType = UNSET


BALANCE = Operation(
    group="Credits and billing",
    summary="The account's balance",
    about="Always 200; what went wrong is in `error`.",
    answers=(
        Answer(
            200,
            "The balance, or why there is none.",
            Credits,
            Credits(True, 15.5, False, False, TOP_UP_URL, Outlook(True, 5.0, 73.8, 0.21)),
        ),
    ),
)
