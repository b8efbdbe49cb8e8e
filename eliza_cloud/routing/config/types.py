"""The words of `serviceRouting` (local-api §16): capabilities and the members of a route."""

from enum import StrEnum
from typing import Any

import msgspec

SECTION = "serviceRouting"
ELIZA_CLOUD = "elizacloud"


class Capability(StrEnum):
    """What can be routed by itself."""

    LLM_TEXT = "llmText"
    TTS = "tts"
    MEDIA = "media"
    EMBEDDINGS = "embeddings"
    RPC = "rpc"


class Transport(StrEnum):
    """How a request is sent on a route."""

    DIRECT = "direct"
    CLOUD_PROXY = "cloud-proxy"
    REMOTE = "remote"


class Strategy(StrEnum):
    """How one of several accounts is chosen."""

    PRIORITY = "priority"
    ROUND_ROBIN = "round-robin"
    LEAST_USED = "least-used"
    QUOTA_AWARE = "quota-aware"


class Route(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One capability's route in force: every member checked and trimmed, None when not given."""

    backend: str | None = None
    transport: Transport | None = None
    account_id: str | None = None
    account_ids: tuple[str, ...] | None = None
    strategy: Strategy | None = None
    primary_model: str | None = None
    nano_model: str | None = None
    small_model: str | None = None
    medium_model: str | None = None
    large_model: str | None = None
    mega_model: str | None = None
    response_handler_model: str | None = None
    should_respond_model: str | None = None
    action_planner_model: str | None = None
    planner_model: str | None = None
    response_model: str | None = None
    media_description_model: str | None = None
    remote_api_base: str | None = None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts to choose from: the pool, or else the one account; () stands for the usual one."""
        return self.account_ids or ((self.account_id,) if self.account_id else ())

    def members(self) -> dict[str, Any]:
        """Return the route as JSON has it."""
        members: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return members

    @property
    def needs_cloud(self) -> bool:
        """Whether the route comes to nothing without a sign-in to Eliza Cloud."""
        if self.transport is Transport.REMOTE:
            return False
        return self.transport is Transport.CLOUD_PROXY or self.backend == ELIZA_CLOUD


#: The members' names in JSON.
MEMBERS = Route.__struct_encode_fields__
#: By the name a request may use instead of a model's (`small`), the member that names the model.
TIERS = {
    name.removesuffix("Model"): field
    for name, field in zip(MEMBERS, Route.__struct_fields__, strict=True)
    if name.endswith("Model")
}


def cloud_route(**models: str) -> Route:
    """Return the one route to Eliza Cloud, with models if any."""
    route = Route(backend=ELIZA_CLOUD, transport=Transport.CLOUD_PROXY, account_id=ELIZA_CLOUD)
    return msgspec.structs.replace(route, **models)
