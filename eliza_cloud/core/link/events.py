"""Everything that can happen to a link. Commands are imperatives, facts are in the past tense.

A fact from an activity carries the `epoch` it was started under, a fact about the key the `key_generation`
it was learnt with: `step` drops what is older than the facts (the fence).
"""

import msgspec

from eliza_cloud.core.link.state import Policy
from eliza_cloud.core.problems import Problem

#: Journals keep the names of version 0.1.0a: ours to those that are stored.
_AS_STORED = {"problem": "failure", "key_generation": "key_number", "delta": "gap"}


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=True, rename=_AS_STORED):
    """What the queue carries."""


class ActivityFact(Event, frozen=True):
    """Something an activity of a state observed; valid only in the epoch it was started in."""

    epoch: int


class KeyFact(Event, frozen=True):
    """Something learnt about a key; valid only while that key is the one held."""

    key_generation: int


# Commands


class Connect(Event, frozen=True):
    """Link to this agent; `accepted_price` is the price of its start that the user agreed to, if any.

    `last_backup_at` is when its last good backup was taken, as far as that is remembered.
    """

    agent_id: str
    accepted_price: str | None = None
    last_backup_at: float | None = None


class Reattach(Event, frozen=True):
    """Link to this agent with nobody waiting: the desired agent at start, or a link given back.

    Without `start` the agent is only linked, whatever its state: nothing is provisioned. `last_backup_at` is
    when its last good backup was taken, as far as that is remembered.
    """

    agent_id: str
    start: bool = True
    accepted_price: str | None = None
    last_backup_at: float | None = None


class Disconnect(Event, frozen=True):
    """Close the link and sign out (architecture: Closing)."""


class Stop(Event, frozen=True):
    """The service stops; the desired agent and the key stay."""


class TakeBackup(Event, frozen=True):
    """Take a backup of this agent now; `ticket` names the waiting caller."""

    agent_id: str
    ticket: int


class Restore(Event, frozen=True):
    """Restore this agent from a backup; `ticket` names the waiting caller."""

    agent_id: str
    ticket: int


class ShutdownAgent(Event, frozen=True):
    """The agent is about to be deleted: let go of it first."""

    agent_id: str


class SuspendAgent(Event, frozen=True):
    """The agent is about to be stopped: release it first, or a reconnect would start it again."""

    agent_id: str


# Facts from outside


class KeyChanged(Event, frozen=True):
    """A new key has been stored; it expires at this wall-clock time, or never."""

    expires_at: float | None = None


class ClockJumped(Event, frozen=True, tag="Woke"):
    """Wall and monotonic time went apart by `delta` seconds: the machine slept, or its clock was set."""

    delta: float = 0.0


class ConfigChanged(Event, frozen=True):
    """The settings were read again; `unknown` holds a sentence for each unknown setting."""

    policy: Policy
    unknown: tuple[str, ...] = ()


class ConfigRefused(Event, frozen=True):
    """The settings were read again and are wrong: the old ones stay."""

    problem: Problem


class StoreFailed(Event, frozen=True):
    """Something could not be written down."""

    problem: Problem


class StoreRecovered(Event, frozen=True):
    """Writing down works again."""


class MinimumBalanceSeen(Event, frozen=True):
    """The cloud refused something for too low a balance, and named the one it needs, in dollars."""

    balance: float


class KeyAccepted(KeyFact, frozen=True):
    """The cloud accepted the key and named its owner."""

    user_id: str
    organization_id: str | None


class KeyRejected(KeyFact, frozen=True):
    """Two calls, one of them for the user, were answered 401 (or 403 `access_denied`)."""

    problem: Problem


class KeyUnverified(KeyFact, frozen=True):
    """The cloud could not be asked about the key, or did not say; it is asked again."""

    problem: Problem


class KeySuspected(KeyFact, frozen=True):
    """One call was refused with the key; whether the key is the cause has to be verified."""


# Facts from activities


class Connected(ActivityFact, frozen=True):
    """The agent runs and a heartbeat came back clean; a `shared` agent takes no backups."""

    agent_name: str | None
    shared: bool = False


class ConnectFailed(ActivityFact, frozen=True):
    """The connect came to nothing."""

    problem: Problem


class HeartbeatAnswered(ActivityFact, frozen=True):
    """The sandbox answered a heartbeat, in `took` seconds."""

    took: float | None = None


class HeartbeatMissed(ActivityFact, frozen=True):
    """A heartbeat was not answered by the sandbox."""

    problem: Problem


class Reconnected(ActivityFact, frozen=True):
    """A reconnect attempt ended in a clean heartbeat."""

    agent_name: str | None
    shared: bool = False


class ReconnectFailed(ActivityFact, frozen=True):
    """A reconnect attempt failed; `unresponsive` for a dead sandbox whose record says running."""

    problem: Problem
    unresponsive: bool = False


class AgentGone(ActivityFact, frozen=True):
    """The cloud says, in JSON, that the agent does not exist."""

    problem: Problem


class CreditsExhausted(ActivityFact, frozen=True):
    """The cloud refused to provision because the balance is too low."""

    problem: Problem


class PriceRefused(ActivityFact, frozen=True):
    """Starting the agent costs what nobody has agreed to: the cloud answered 428 (cloud-api-latest L2)."""

    problem: Problem


class AgentSuspended(ActivityFact, frozen=True):
    """The agent's record says that it is stopped, and nobody here asked for that."""

    problem: Problem


class AgentRestarting(ActivityFact, frozen=True):
    """The sandbox is dead although the record says running: the agent is stopped and started once."""


class CloudAnswered(ActivityFact, frozen=True):
    """No attempts are left, but the cloud answers again."""


class JobObserved(ActivityFact, frozen=True):
    """A job of the cloud is under way; `error` is what its last attempt failed with."""

    attempts: int
    error: str | None = None


class BackupTaken(ActivityFact, frozen=True):
    """A backup was stored, or its job accepted; `size` in bytes where it is known, `took` in seconds.

    `blocking` says that the cloud took it within the call: it restores it within one request, too.
    """

    size: int | None = None
    took: float | None = None
    blocking: bool = False


class BackupFailed(ActivityFact, frozen=True):
    """A backup failed; `refused` when the cloud will not take backups of this agent at all."""

    problem: Problem
    refused: bool = False


class CreditsRead(ActivityFact, frozen=True):
    """The account's balance was read, in dollars."""

    balance: float


class Drained(ActivityFact, frozen=True):
    """Closing has nothing left to do."""
