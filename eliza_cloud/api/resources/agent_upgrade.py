"""Making a shared agent dedicated (cloud-api-latest L4): what it costs, and the consent to that."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from eliza_cloud.api.app_keys import MANAGER
from eliza_cloud.api.http.inputs import ACCEPTED, AcceptedPrice, Body, accepted_price
from eliza_cloud.api.http.responses import answer
from eliza_cloud.api.openapi.error_examples import CLOUD, LIFECYCLE, examples
from eliza_cloud.api.openapi.operation import Operation, SuccessResponse
from eliza_cloud.api.resources.agents import AGENT, AGENT_ID, AgentId, Ok
from eliza_cloud.cloud.types.models import UpgradeQuote
from eliza_cloud.core.problems import NOT_OFFERED, QUOTE_CHANGED

_NEW = "7d0c1b1e-52a4-4f7e-8f0b-2a6c9d3e4f55"
_QUOTE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Dollars = Annotated[float, Meta(description="US dollars.")]


class Quote(msgspec.Struct, frozen=True, rename="camel"):
    """What a dedicated agent in a shared one's place costs now; null is what the cloud did not tell.

    It changes with the balance. `dedicatedAgentId` is set when the upgrade has begun already.
    """

    quote_id: str
    hourly_rate_usd: Dollars
    minimum_activation_charge_usd: Dollars
    minimum_balance_usd: Dollars | None
    balance_usd: Dollars | None
    deficit_usd: Dollars | None
    can_activate: bool
    unavailable_reason: str | None
    dedicated_agent_id: str | None


class AgentQuote(msgspec.Struct, frozen=True, rename="camel"):
    """The shared agent, and what its upgrade costs."""

    ok: Ok
    agent_id: AgentId
    quote: Quote


class UpgradeConsent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The quote that the owner has seen and agrees to; `acceptPrice` where the cloud asks for that, too."""

    quote_id: Annotated[str, Meta(min_length=1, pattern=r"\S")]
    accept_price: AcceptedPrice | None = None


class AgentUpgraded(msgspec.Struct, frozen=True, rename="camel"):
    """The dedicated agent, which has an id of its own, and the shared one that it was made of."""

    ok: Ok
    agent_id: AgentId
    shared_agent_id: AgentId
    status: Literal["running"]


UPGRADE_CONSENT = Body(UpgradeConsent(_QUOTE))

QUOTE = Operation(
    id="getUpgradeQuote",
    group="Agents",
    summary="What it costs to make a shared agent dedicated",
    parameters=(AGENT_ID,),
    answers=(
        SuccessResponse(
            200,
            "The quote.",
            AgentQuote,
            AgentQuote(True, AGENT, Quote(_QUOTE, 0.01, 0.02, 0.72, 5.0, 0.0, True, None, None)),
        ),
    ),
    errors=(*CLOUD, *examples(NOT_OFFERED)),
)
UPGRADE = Operation(
    id="upgradeAgent",
    group="Agents",
    summary="Make a shared agent dedicated",
    about="Under a quote that its owner has seen, and no other: for one that is out of date the answer is 409"
    " `quote_changed`. Answers when the dedicated agent runs; this does not link it.",
    parameters=(AGENT_ID, ACCEPTED),
    body=UPGRADE_CONSENT,
    answers=(
        SuccessResponse(
            200, "It runs, under a new id.", AgentUpgraded, AgentUpgraded(True, _NEW, AGENT, "running")
        ),
    ),
    errors=(*CLOUD, *LIFECYCLE, *examples(NOT_OFFERED, QUOTE_CHANGED)),
)


async def upgrade_quote(request: web.Request) -> web.Response:
    """GET …/{id}/upgrade: 409 for an agent that is not shared, or does not run."""
    agent_id = AGENT_ID.read(request)
    quote = await request.app[MANAGER].ask_cloud(lambda cloud: cloud.upgrade_quote(agent_id))
    return answer(AgentQuote(ok=True, agent_id=agent_id, quote=_shown(quote)))


async def upgrade_agent(request: web.Request) -> web.Response:
    """POST …/{id}/upgrade {quoteId, acceptPrice?}: answers when the dedicated agent runs."""
    agent_id = AGENT_ID.read(request)
    wanted = await UPGRADE_CONSENT.read(request)
    price = accepted_price(request, wanted.accept_price)
    new_id = await request.app[MANAGER].upgrade_agent(agent_id, wanted.quote_id, accept_price=price)
    return answer(AgentUpgraded(ok=True, agent_id=new_id, shared_agent_id=agent_id, status="running"))


def _shown(quote: UpgradeQuote) -> Quote:
    return Quote(
        quote_id=quote.id,
        hourly_rate_usd=quote.hourly_rate_usd,
        minimum_activation_charge_usd=quote.minimum_activation_charge_usd,
        minimum_balance_usd=quote.minimum_balance_usd,
        balance_usd=quote.balance_usd,
        deficit_usd=quote.deficit_usd,
        can_activate=quote.can_activate,
        unavailable_reason=quote.unavailable_reason,
        dedicated_agent_id=quote.dedicated_agent_id,
    )
