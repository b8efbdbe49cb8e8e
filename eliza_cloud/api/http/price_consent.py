"""How a caller agrees to the price of a start: in the body, or by the header (cloud-api-latest L2)."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.http.parameters import Parameter
from eliza_cloud.api.http.request_body import Body
from eliza_cloud.cloud.types.decode import MAX_ACCEPTANCE, PRICE_HEADER

#: An `acceptanceValue` in examples.
PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"

#: The lookahead refuses a final line feed, before which Python's `$` matches, too.
AcceptedPrice = Annotated[
    str,
    Meta(
        description="The `acceptanceValue` of the price that is agreed to, as the 428 named it.",
        min_length=1,
        max_length=MAX_ACCEPTANCE,
        pattern=r"^[!-~]+$(?!\n)",
        extra={"expected": "the acceptanceValue of a price"},
    ),
]


class PriceConsent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The price that is agreed to for this start; none is needed where a start costs nothing."""

    accept_price: AcceptedPrice | None = None


PRICE_CONSENT = Body(PriceConsent(PRICE), required=False)
ACCEPTED: Parameter[str | None] = Parameter(
    PRICE_HEADER,
    "The same as `acceptPrice`, which goes before it.",
    AcceptedPrice,
    place="header",
    default=None,
    example=PRICE,
)


async def read_consent(request: web.Request) -> str | None:
    """Return the price that the request agrees to; raises `RequestError`."""
    return accepted_price(request, (await PRICE_CONSENT.read(request)).accept_price)


def accepted_price(request: web.Request, in_body: str | None) -> str | None:
    """Return the price agreed to in the body, or else by the header; raises `RequestError`."""
    by_header = ACCEPTED.read(request)
    return by_header if in_body is None else in_body
