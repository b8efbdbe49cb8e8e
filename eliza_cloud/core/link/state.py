"""What is known about one link: plain, frozen data, replaced as a whole by each step."""

import msgspec

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.credits import Spending
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.states import KeyState, LinkState, Reason

CURRENT_EDITION = 2


class Policy(msgspec.Struct, frozen=True, rename={"backoff": "ladder"}):
    """The numbers the table decides by, and those by which its health is judged; intervals in seconds."""

    max_failures: int = 3
    backoff: Backoff = Backoff()
    stable_beats: int = 2
    heartbeat_interval: float = 30.0
    backup_interval: float = 60.0
    #: The rules of the table that a journal was written by; one of an earlier edition is replayed by its own.
    edition: int = 1
    restart_unresponsive: bool = False
    recheck_interval: float = 0.0


class OngoingProblem(msgspec.Struct, frozen=True, rename={"problem": "failure"}):
    """Something that does not work: what it was last, and since when (wall-clock seconds)."""

    problem: Problem
    since: float


class JobProgress(msgspec.Struct, frozen=True):
    """A job of the cloud that is waited for: its attempts so far, and what the last one failed with."""

    attempts: int
    error: str | None


#: Journals keep the names of version 0.1.0a: ours to those that are stored.
_AS_STORED = {
    "last_event": "moved_by",
    "problem": "failure",
    "previous_state": "came_from",
    "key_generation": "key_number",
    "key_problem": "key_trouble",
    "desired_agent_id": "wish",
    "background": "unattended",
    "missed_heartbeats": "misses",
    "stable_heartbeats": "clean_beats",
    "failed_attempts": "failed_tries",
    "backup_problem": "backup_trouble",
    "base_url_problem": "base_url_refusal",
    "settings_problem": "settings_trouble",
    "store_problem": "store_trouble",
    "clock_delta": "clock_gap",
}


class Facts(msgspec.Struct, frozen=True, kw_only=True, rename=_AS_STORED):
    """One link. Times are wall-clock seconds since 1970, UTC.

    `desired_agent_id` is the agent the user wants to be linked to and survives a restart; `agent_id` is the
    agent the link is about now; `next_agent` waits for `closing` to end. `accepted_price` is the price of a
    start of the desired agent that the user agreed to. `restarting` says that this service stopped the agent
    in order to start it again, `restarted` that it did so since the link last stood. `key_generation` changes
    with the key, `epoch` with each entry into a state. `last_event` names the event that brought the state;
    None is the start. `last_backup_size` (bytes) is known where the cloud restores a backup within one
    request. `minimum_balance` (dollars) is what a start needs, as the cloud last told it.
    """

    policy: Policy = Policy()
    state: LinkState = LinkState.DISCONNECTED
    epoch: int = 0
    since: float = 0.0
    last_event: str | None = None
    reason: Reason | None = None
    problem: Problem | None = None
    previous_state: LinkState | None = None
    failing_since: float | None = None
    stopping: bool = False

    key: KeyState = KeyState.ABSENT
    key_generation: int = 0
    key_since: float = 0.0
    key_expires_at: float | None = None
    key_problem: OngoingProblem | None = None
    user_id: str | None = None
    organization_id: str | None = None
    enabled: bool = False

    desired_agent_id: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    agent_shared: bool = False
    accepted_price: str | None = None
    next_agent: str | None = None
    background: bool = False

    missed_heartbeats: int = 0
    stable_heartbeats: int = 0
    attempt: int = 0
    failed_attempts: int = 0
    unresponsive_attempts: int = 0
    restarting: bool = False
    restarted: bool = False
    job: JobProgress | None = None
    next_attempt_at: float | None = None
    last_heartbeat_at: float | None = None
    last_backup_at: float | None = None
    last_backup_size: int | None = None
    backups_refused: bool = False
    backup_problem: OngoingProblem | None = None
    spending: Spending | None = None
    minimum_balance: float | None = None
    credits_since: float | None = None

    base_url_problem: OngoingProblem | None = None
    settings_at: float = 0.0
    settings_problem: OngoingProblem | None = None
    unknown_settings: tuple[str, ...] = ()
    store_problem: OngoingProblem | None = None
    woke_at: float | None = None
    clock_delta: float = 0.0
