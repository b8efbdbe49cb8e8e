"""What is known about one link: plain, frozen data, replaced as a whole by each step."""

import msgspec

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.credits import Spending
from eliza_cloud.core.problems import Failure
from eliza_cloud.core.states import KeyState, LinkState, Reason


class Policy(msgspec.Struct, frozen=True):
    """The numbers the table decides by, and those by which its health is judged; intervals in seconds."""

    max_failures: int = 3
    ladder: Backoff = Backoff()
    stable_beats: int = 2
    heartbeat_interval: float = 30.0
    backup_interval: float = 60.0


class Trouble(msgspec.Struct, frozen=True):
    """Something that does not work: what it was last, and since when (wall-clock seconds)."""

    failure: Failure
    since: float


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One link. Times are wall-clock seconds since 1970, UTC.

    `wish` is the agent the user wants to be linked to and survives a restart; `agent_id` is the agent the
    link is about now; `next_agent` waits for `closing` to end. `key_number` changes with the key, `epoch`
    with each entry into a state. `moved_by` names the event that brought the state; None is the start.
    """

    policy: Policy = Policy()
    state: LinkState = LinkState.DISCONNECTED
    epoch: int = 0
    since: float = 0.0
    moved_by: str | None = None
    reason: Reason | None = None
    failure: Failure | None = None
    came_from: LinkState | None = None
    failing_since: float | None = None
    stopping: bool = False

    key: KeyState = KeyState.ABSENT
    key_number: int = 0
    key_since: float = 0.0
    key_expires_at: float | None = None
    key_trouble: Trouble | None = None
    user_id: str | None = None
    organization_id: str | None = None
    enabled: bool = False

    wish: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    next_agent: str | None = None
    unattended: bool = False

    misses: int = 0
    clean_beats: int = 0
    attempt: int = 0
    failed_tries: int = 0
    next_attempt_at: float | None = None
    last_heartbeat_at: float | None = None
    last_backup_at: float | None = None
    backups_refused: bool = False
    backup_trouble: Trouble | None = None
    spending: Spending | None = None
    credits_since: float | None = None

    base_url_refusal: Trouble | None = None
    settings_at: float = 0.0
    settings_trouble: Trouble | None = None
    unknown_settings: tuple[str, ...] = ()
    store_trouble: Trouble | None = None
    woke_at: float | None = None
    clock_gap: float = 0.0
