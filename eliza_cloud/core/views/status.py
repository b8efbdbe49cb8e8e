"""What everyone is shown, derived from the facts (local-api §5). Nothing here is stored anywhere."""

import msgspec

from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.states import KeyState, LinkState, Reason
from eliza_cloud.core.timefmt import timestamp

TOP_UP_URL = "https://elizacloud.ai/dashboard/settings?tab=billing"


class ConnectionView(msgspec.Struct, frozen=True, rename="camel"):
    """The link; times are ISO 8601 in UTC."""

    state: str
    agent_id: str | None
    agent_name: str | None
    since: str
    reason: str | None
    attempt: int
    next_attempt_at: str | None
    last_heartbeat_at: str | None
    last_backup_at: str | None


class StatusView(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The account at the top level, the link under `connection` (local-api §5).

    `connected` is the account's: the cloud accepted the key. `reason` is there only while it is false.
    """

    connected: bool
    enabled: bool
    has_api_key: bool
    user_id: str | None
    organization_id: str | None
    top_up_url: str
    connection: ConnectionView
    reason: str | None = None


def status_view(facts: Facts, *, running: bool, signing_out: bool = False) -> StatusView:
    """Derive what `/api/cloud/status` answers; `running` tells whether the link's consumer works.

    `signing_out` tells that a sign-out was begun, and the key is still there.
    """
    connected = running and facts.key is KeyState.ACCEPTED
    return StatusView(
        connected=connected,
        enabled=facts.enabled,
        has_api_key=signing_out or facts.key is not KeyState.ABSENT,
        user_id=facts.user_id,
        organization_id=facts.organization_id,
        top_up_url=TOP_UP_URL,
        connection=connection_view(facts),
        reason=None if connected else _account_reason(facts, running),
    )


def connection_view(facts: Facts) -> ConnectionView:
    """Derive the link's part; `closing` shows as the state it came from."""
    closing = facts.state is LinkState.CLOSING
    return ConnectionView(
        state=shown_state(facts).value,
        agent_id=facts.agent_id,
        agent_name=facts.agent_name,
        since=timestamp(facts.since),
        reason=Reason.CLOSING if closing else facts.reason,
        attempt=facts.attempt if facts.state is LinkState.RECONNECTING else 0,
        next_attempt_at=_moment(facts.next_attempt_at),
        last_heartbeat_at=_moment(facts.last_heartbeat_at),
        last_backup_at=_moment(facts.last_backup_at),
    )


def shown_state(facts: Facts) -> LinkState:
    """Return one of the five states that are shown."""
    if facts.state is LinkState.CLOSING and facts.previous_state is not None:
        return facts.previous_state
    return facts.state


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else timestamp(seconds)


def _account_reason(facts: Facts, running: bool) -> str:
    if facts.key is KeyState.ABSENT:
        return "not_authenticated" if running else "runtime_not_started"
    return "api_key_present_not_authenticated" if running else "api_key_present_runtime_not_started"
