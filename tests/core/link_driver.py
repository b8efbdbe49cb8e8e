"""A link, its clock and what it was told to do, for tests that read like a story."""

from typing import Any

from eliza_cloud.core.link.effects import AnswerConnect, AnswerDisconnect, Effect
from eliza_cloud.core.link.events import (
    AgentGone,
    AgentRestarting,
    AgentSuspended,
    BackupFailed,
    BackupTaken,
    ClockJumped,
    CloudAnswered,
    ConfigChanged,
    ConfigRefused,
    Connect,
    Connected,
    ConnectFailed,
    CreditsExhausted,
    CreditsRead,
    Disconnect,
    Drained,
    Event,
    HeartbeatAnswered,
    HeartbeatMissed,
    JobObserved,
    KeyAccepted,
    KeyChanged,
    KeyRejected,
    KeySuspected,
    KeyUnverified,
    MinimumBalanceSeen,
    PriceRefused,
    Reattach,
    Reconnected,
    ReconnectFailed,
    Restore,
    ShutdownAgent,
    Stop,
    StoreFailed,
    StoreRecovered,
    SuspendAgent,
    TakeBackup,
)
from eliza_cloud.core.link.machine import LinkMachine
from eliza_cloud.core.link.state import Facts, Policy
from eliza_cloud.core.problems import Problem
from eliza_cloud.core.statechart import Step
from eliza_cloud.core.states import KeyState, LinkState, Reason

MACHINE = LinkMachine()
ANNA = "11111111-1111-4111-8111-111111111111"
BERT = "22222222-2222-4222-8222-222222222222"

TIMEOUT = Problem(code="cloud_timeout", status=504, message="The cloud was slow. Try again.", retryable=True)
BUSY_CLOUD = Problem(
    code="cloud_busy", status=503, message="The cloud is busy. Try later.", retryable=True, retry_after=90.0
)
BROKEN = Problem(code="cloud_server_error", status=502, message="The cloud answered nonsense. Report it.")
NO_CREDITS = Problem(code="credits_exhausted", status=402, message="Out of credits. Top up.")
GONE = Problem(code="agent_gone", status=404, message="The agent does not exist. Create one.")
PRICE = Problem(code="price_confirmation_required", status=428, message="It costs money. Agree to the price.")
SUSPENDED = Problem(code="agent_suspended", status=409, message="The agent is stopped. Resume it.")
BAD_KEY = Problem(code="key_rejected", status=401, message="The key is not accepted. Sign in again.")

SIGNED_IN = Facts(
    key=KeyState.ACCEPTED, key_generation=1, user_id="user-123", organization_id="org-456", enabled=True
)


def in_state(state: LinkState, **changes: Any) -> Facts:
    """Return facts as they are found in this state: signed in, about ANNA, wished for."""
    facts: dict[str, Any] = {
        "state": state,
        "epoch": 7,
        "key": KeyState.ACCEPTED,
        "key_generation": 3,
        "user_id": "user-123",
        "organization_id": "org-456",
        "enabled": True,
        "desired_agent_id": ANNA,
        "agent_id": ANNA,
        "agent_name": "Anna",
        "background": state not in {LinkState.CONNECTING, LinkState.ERROR},
    }
    if state is LinkState.DISCONNECTED:
        facts |= {"agent_id": None, "agent_name": None, "desired_agent_id": None}
    if state is LinkState.RECONNECTING:
        facts |= {"attempt": 1, "next_attempt_at": 3.0, "reason": Reason.HEARTBEAT_MISSED, "problem": TIMEOUT}
    if state is LinkState.ERROR:
        facts |= {"reason": Reason.CONNECT_FAILED, "problem": BROKEN}
    if state is LinkState.CLOSING:
        facts |= {"previous_state": LinkState.CONNECTED}
    return Facts(**(facts | changes))


def sample(kind: type[Event], facts: Facts, agent_id: str = ANNA) -> Event:
    """Return a fresh event of this kind, about this agent where it names one."""
    epoch, number = facts.epoch, facts.key_generation
    samples: dict[type[Event], Event] = {
        Connect: Connect(agent_id),
        Reattach: Reattach(agent_id),
        Disconnect: Disconnect(),
        Stop: Stop(),
        TakeBackup: TakeBackup(agent_id, 5),
        Restore: Restore(agent_id, 6),
        ShutdownAgent: ShutdownAgent(agent_id),
        SuspendAgent: SuspendAgent(agent_id),
        KeyChanged: KeyChanged(),
        ClockJumped: ClockJumped(),
        ConfigChanged: ConfigChanged(Policy(max_failures=2)),
        KeyAccepted: KeyAccepted(number, "user-9", None),
        KeyRejected: KeyRejected(number, BAD_KEY),
        KeySuspected: KeySuspected(number),
        KeyUnverified: KeyUnverified(number, TIMEOUT),
        ConfigRefused: ConfigRefused(BROKEN),
        StoreFailed: StoreFailed(BROKEN),
        StoreRecovered: StoreRecovered(),
        Connected: Connected(epoch, "Anna"),
        ConnectFailed: ConnectFailed(epoch, TIMEOUT),
        HeartbeatAnswered: HeartbeatAnswered(epoch),
        HeartbeatMissed: HeartbeatMissed(epoch, TIMEOUT),
        Reconnected: Reconnected(epoch, "Anna"),
        ReconnectFailed: ReconnectFailed(epoch, TIMEOUT),
        AgentGone: AgentGone(epoch, GONE),
        CreditsExhausted: CreditsExhausted(epoch, NO_CREDITS),
        BackupTaken: BackupTaken(epoch),
        BackupFailed: BackupFailed(epoch, TIMEOUT),
        CreditsRead: CreditsRead(epoch, 1.5),
        Drained: Drained(epoch),
        PriceRefused: PriceRefused(epoch, PRICE),
        AgentSuspended: AgentSuspended(epoch, SUSPENDED),
        AgentRestarting: AgentRestarting(epoch),
        CloudAnswered: CloudAnswered(epoch),
        JobObserved: JobObserved(epoch, 2, "no capacity"),
        MinimumBalanceSeen: MinimumBalanceSeen(0.1),
    }
    return samples[kind]


class LinkDriver:
    """One link. `send` sends it an event; `effects` is what the last one led to."""

    def __init__(self, facts: Facts = SIGNED_IN, *, at: float = 1000.0, jitter: float = 1.0) -> None:
        self.facts = facts
        self.at = at
        self.jitter = jitter
        self.step: Step[Facts]
        self.effects: list[Effect] = []
        self.told: list[AnswerConnect | AnswerDisconnect] = []

    def send(self, event: Event) -> Step[Facts]:
        """Send one event, and keep what it led to."""
        self.step = MACHINE.step(self.facts, event, at=self.at, jitter=self.jitter)
        self.facts = self.step.facts
        self.effects = list(self.step.effects)
        self.told += [e for e in self.effects if isinstance(e, AnswerConnect | AnswerDisconnect)]
        return self.step

    @property
    def state(self) -> LinkState:
        return self.facts.state

    @property
    def epoch(self) -> int:
        return self.facts.epoch

    def connects(self, agent_id: str = ANNA, name: str = "Anna") -> None:
        """Link to this agent, without trouble."""
        self.send(Connect(agent_id))
        self.send(Connected(self.epoch, name))
        self.told.clear()

    def loses_the_connection(self) -> None:
        """Miss as many heartbeats as it takes."""
        for _ in range(self.facts.policy.max_failures):
            self.send(HeartbeatMissed(self.epoch, TIMEOUT))

    def effect_kinds(self) -> list[str]:
        """Name what was done last, in order."""
        return [type(effect).__name__ for effect in self.effects]


def told_of(effects: tuple[Any, ...] | list[Any], agent_id: str) -> list[Problem | None]:
    """Return what the callers of this agent were told."""
    return [e.problem for e in effects if isinstance(e, AnswerConnect) and e.agent_id == agent_id]
