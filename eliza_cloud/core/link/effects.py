"""What a step asks for: effects to carry out, in order, and the reply to whoever sent the event."""

from enum import StrEnum

import msgspec

from eliza_cloud.core.credits import CreditLevel
from eliza_cloud.core.problems import Problem


class Completed(msgspec.Struct, frozen=True):
    """Nothing more will come. `linked` tells whether the agent named was the linked or the desired one."""

    linked: bool = False


class Pending(msgspec.Struct, frozen=True):
    """The caller has joined what is under way."""


class Rejected(msgspec.Struct, frozen=True):
    """The command changes nothing."""

    problem: Problem


Reply = Completed | Pending | Rejected


class Effect(msgspec.Struct, frozen=True, tag_field="effect", tag=True):
    """One thing to do."""


class StoreDesiredAgent(Effect, frozen=True):
    """Write down which agent the user wants to be linked to, before the step takes effect.

    Where that fails, the caller gets the problem and the step is not taken: only what is stored holds.
    """

    agent_id: str | None
    accepted_price: str | None = None


class ForgetConsent(Effect, frozen=True):
    """Write down that no price of a start is agreed to any more."""


class ForgetCredentials(Effect, frozen=True):
    """Store "no desired agent, signed out" and remove the key from every file and from the environment."""


class SaveIdentity(Effect, frozen=True):
    """Write down whose key it is."""

    user_id: str
    organization_id: str | None


class VerifyKey(Effect, frozen=True):
    """Ask the cloud whose key it is, until it accepts or rejects it; a `rejected` one until it accepts it."""

    key_generation: int
    rejected: bool = False


class StopVerifying(Effect, frozen=True):
    """There is no key left to verify."""


class CancelActivities(Effect, frozen=True):
    """Cancel whatever the state that is being left was doing."""


class StartRule(StrEnum):
    """Whether an agent may be started so that it can be linked."""

    ALWAYS = "always"
    UNLESS_STOPPED = "unless_stopped"
    NEVER = "never"


class StartConnector(Effect, frozen=True):
    """Provision the agent, as far as `start` allows, and wait for a clean heartbeat."""

    epoch: int
    agent_id: str
    start: StartRule = StartRule.ALWAYS
    accepted_price: str | None = None


class StartMonitor(Effect, frozen=True):
    """Send heartbeats."""

    epoch: int
    agent_id: str


class StartScheduler(Effect, frozen=True):
    """Take backups."""

    epoch: int
    agent_id: str


class StartCreditsWatch(Effect, frozen=True):
    """Look at the account's balance now and then."""

    epoch: int
    agent_id: str


class ReportCredits(Effect, frozen=True):
    """Say once that the balance has become low or critical, or has recovered."""

    level: CreditLevel
    balance: float


class StartAttempt(Effect, frozen=True):
    """Wait `delay` seconds, then try once to restore the link; with `restart` the agent is stopped first."""

    epoch: int
    agent_id: str
    attempt: int
    delay: float
    start: StartRule = StartRule.UNLESS_STOPPED
    accepted_price: str | None = None
    restart: bool = False


class StartRecheck(Effect, frozen=True):
    """Ask the cloud every `interval` seconds about the agent, until it answers."""

    epoch: int
    agent_id: str
    interval: float


class RestartFinished(Effect, frozen=True):
    """Forget that a restart of the agent was begun: it answers."""


class SaveBackupTime(Effect, frozen=True):
    """Write down when the last good backup of the agent was taken (wall-clock seconds)."""

    agent_id: str
    at: float


class StartDrain(Effect, frozen=True):
    """Close the link: one last snapshot where there is something to save, then report it drained."""

    epoch: int
    agent_id: str
    snapshot: bool


class RetryNow(Effect, frozen=True):
    """Make the next heartbeat or attempt now; `start` replaces what the attempt was allowed to start."""

    start: StartRule | None = None
    accepted_price: str | None = None


class HandToScheduler(Effect, frozen=True):
    """Let the backup loop serve the caller behind this ticket."""

    ticket: int


class WaiterAnswer(Effect, frozen=True):
    """Word to callers: comes after everything else a step does, so that who hears it finds it done."""


class AnswerConnect(WaiterAnswer, frozen=True):
    """Answer everyone who waits to be linked to this agent; no failure means linked."""

    agent_id: str
    problem: Problem | None = None


class AnswerDisconnect(WaiterAnswer, frozen=True):
    """Answer everyone who waits for the link to be closed."""
