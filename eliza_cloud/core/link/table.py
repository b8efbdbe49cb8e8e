"""The link's table: what each event does in each state. Everything that changes a link's state is here."""

from eliza_cloud.core.link import actions as a
from eliza_cloud.core.link import entry as e
from eliza_cloud.core.link import guards as g
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
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.problems import LINK_CLOSING, LINK_NOT_READY, NOT_AUTHENTICATED, STOPPING
from eliza_cloud.core.statechart import Row, ignored, moves, refused, stays
from eliza_cloud.core.states import LinkState, Reason

DISCONNECTED, CONNECTING, CONNECTED, RECONNECTING, ERROR, CLOSING = LinkState
EVERY = tuple(LinkState)
IDLE = (DISCONNECTED, ERROR)
LINKED = (CONNECTED, RECONNECTING)
BUSY = (CONNECTING, CONNECTED, RECONNECTING)


class Proceed(Event, frozen=True):
    """The eventless transition: closing has ended and another agent waits. Never on the queue."""


def _except(*states: LinkState) -> tuple[LinkState, ...]:
    return tuple(state for state in LinkState if state not in states)


def _letting_go(event: type[Event]) -> tuple[Row[Facts], ...]:
    """Make the rows of a command after which the agent named does not run any more."""
    let_go = (a.clear_desired_agent, a.release_agent, a.report_linked)
    return (
        refused(event, [CLOSING], LINK_CLOSING, g.closing_or_next),
        moves(event, (*BUSY, ERROR), DISCONNECTED, a.supersede_waiters, *let_go, when=g.same_agent),
        stays(event, [DISCONNECTED], e.leave_disconnected, *let_go, when=g.is_desired_agent),
        stays(event, EVERY, why="not the one in use"),
    )


def _in_the_backup_loop(event: type[Event]) -> tuple[Row[Facts], ...]:
    """Make the rows of a command that the backup loop serves where there is one."""
    return (
        refused(event, [CLOSING], LINK_CLOSING, g.same_agent, why="the final snapshot is the last call"),
        refused(
            event, [CONNECTING, RECONNECTING], LINK_NOT_READY, g.same_agent, why="would overlap the loop's"
        ),
        stays(event, [CONNECTED], a.hand_to_scheduler, a.wait, when=g.scheduled_backups),
        stays(event, EVERY, why="no backup loop to overlap with"),
    )


FENCED = "belongs to an activity that this state does not own"

ROWS: tuple[Row[Facts], ...] = (
    # Connecting
    refused(Connect, EVERY, STOPPING, g.stopping),
    refused(Connect, EVERY, NOT_AUTHENTICATED, g.keyless),
    moves(Connect, IDLE, CONNECTING, a.adopt_agent, a.wait),
    stays(Connect, [CONNECTED], a.adopt_price, a.report_linked, when=g.same_agent, why="already so"),
    stays(
        Connect,
        [CONNECTING],
        a.adopt_price,
        a.wait,
        when=g.same_agent,
        why="joins what is under way, attended or not",
    ),
    stays(Connect, [RECONNECTING], a.adopt_price, e.retry_for_user, a.wait, when=g.same_agent, why="joins"),
    moves(Connect, BUSY, CLOSING, a.supersede_waiters, a.remember_next, a.wait, why="another agent"),
    stays(Connect, [CLOSING], a.remember_next, a.wait, why="comes after closing"),
    refused(Reattach, EVERY, STOPPING, g.stopping),
    refused(Reattach, EVERY, NOT_AUTHENTICATED, g.keyless),
    moves(
        Reattach,
        IDLE,
        CONNECTING,
        a.adopt_in_background,
        why="a machine that boots before its network is not dead",
    ),
    ignored(Reattach, (*BUSY, CLOSING), "a command of the user came first"),
    moves(Proceed, [DISCONNECTED], CONNECTING, a.adopt_next, why="the agent that waited for closing to end"),
    moves(Connected, [CONNECTING], CONNECTED, a.note_name, a.answer_linked),
    ignored(Connected, _except(CONNECTING), FENCED),
    moves(
        ConnectFailed,
        [CONNECTING],
        RECONNECTING,
        a.set_reason(Reason.CONNECT_FAILED),
        when=g.may_be_repaired,
        why="in the background, and it may pass",
    ),
    moves(ConnectFailed, [CONNECTING], ERROR, a.set_reason(Reason.CONNECT_FAILED), a.answer_problem),
    ignored(ConnectFailed, _except(CONNECTING), FENCED),
    # Watching and repairing (architecture: Repair)
    stays(HeartbeatAnswered, [CONNECTED], a.note_stable_heartbeat),
    ignored(HeartbeatAnswered, _except(CONNECTED), FENCED),
    stays(
        HeartbeatMissed,
        [CONNECTED],
        a.note_missed_heartbeat,
        when=g.missed_heartbeats_left,
        why="one miss is not a lost link",
    ),
    moves(HeartbeatMissed, [CONNECTED], RECONNECTING, a.set_reason(Reason.HEARTBEAT_MISSED)),
    ignored(HeartbeatMissed, _except(CONNECTED), FENCED),
    moves(Reconnected, [RECONNECTING], CONNECTED, a.note_name, a.answer_linked),
    ignored(Reconnected, _except(RECONNECTING), FENCED),
    stays(
        ReconnectFailed,
        [RECONNECTING],
        a.note_failure,
        e.schedule_restart,
        when=g.restart_due,
        why="what answers for the agent is dead, although its record says running",
    ),
    stays(ReconnectFailed, [RECONNECTING], a.note_failure, e.schedule_attempt, when=g.attempts_remain),
    moves(
        ReconnectFailed,
        [RECONNECTING],
        DISCONNECTED,
        a.set_reason(Reason.RETRIES_EXHAUSTED),
        a.answer_problem,
        why="the desired agent stays",
    ),
    ignored(ReconnectFailed, _except(RECONNECTING), FENCED),
    stays(ClockJumped, LINKED, a.note_wake, e.retry_now),
    moves(
        ClockJumped,
        [DISCONNECTED],
        RECONNECTING,
        a.note_wake,
        e.leave_one_attempt,
        when=g.retries_exhausted,
        why="one more attempt when the machine wakes",
    ),
    stays(ClockJumped, _except(*LINKED), a.note_wake, why="nothing waits for a time"),
    moves(
        CloudAnswered,
        [DISCONNECTED],
        RECONNECTING,
        e.leave_one_attempt,
        when=g.retries_exhausted,
        why="one fresh attempt when the cloud is back",
    ),
    ignored(CloudAnswered, EVERY, FENCED),
    stays(AgentRestarting, [RECONNECTING], a.note_restart),
    ignored(AgentRestarting, _except(RECONNECTING), FENCED),
    stays(JobObserved, [CONNECTING, RECONNECTING], a.note_job),
    ignored(JobObserved, _except(CONNECTING, RECONNECTING), FENCED),
    # What retrying does not help
    moves(
        PriceRefused,
        BUSY,
        ERROR,
        a.set_reason(Reason.PRICE_CONFIRMATION_REQUIRED),
        a.answer_problem,
        why="a start costs money: only the user can agree to that",
    ),
    ignored(PriceRefused, (*IDLE, CLOSING), FENCED),
    moves(
        AgentSuspended,
        BUSY,
        ERROR,
        a.set_reason(Reason.CREDITS_EXHAUSTED),
        a.answer_problem,
        when=g.too_few_credits,
        why="the cloud stopped it because the balance is too low",
    ),
    moves(
        AgentSuspended,
        BUSY,
        DISCONNECTED,
        a.set_reason(Reason.AGENT_SUSPENDED),
        a.end_consent,
        a.answer_problem,
        why="somebody stopped it on purpose: starting it again would cost them money",
    ),
    ignored(AgentSuspended, (*IDLE, CLOSING), FENCED),
    moves(AgentGone, BUSY, ERROR, a.set_reason(Reason.AGENT_GONE), a.answer_problem),
    ignored(AgentGone, (*IDLE, CLOSING), FENCED),
    moves(CreditsExhausted, BUSY, ERROR, a.set_reason(Reason.CREDITS_EXHAUSTED), a.answer_problem),
    ignored(CreditsExhausted, (*IDLE, CLOSING), FENCED),
    moves(KeyRejected, BUSY, ERROR, a.reject_key, a.set_reason(Reason.KEY_REJECTED), a.answer_problem),
    stays(KeyRejected, [ERROR], a.reject_key, a.set_reason(Reason.KEY_REJECTED)),
    stays(KeyRejected, [DISCONNECTED, CLOSING], a.reject_key),
    # The key
    moves(
        KeyAccepted,
        [ERROR],
        CONNECTING,
        a.accept_key,
        a.adopt_desired_agent,
        when=g.key_recovers,
        why="the rejection has passed",
    ),
    stays(KeyAccepted, EVERY, a.accept_key),
    stays(KeyUnverified, EVERY, a.note_key_problem),
    refused(KeySuspected, EVERY, NOT_AUTHENTICATED, g.keyless),
    stays(KeySuspected, EVERY, a.verify_key),
    moves(KeyChanged, LINKED, CONNECTING, a.adopt_key, why="a new client, the same agent"),
    moves(KeyChanged, [CONNECTING], CONNECTING, a.adopt_key, why="started again with the new key"),
    moves(KeyChanged, [ERROR], CONNECTING, a.adopt_key, a.adopt_desired_agent, when=g.has_desired_agent),
    stays(KeyChanged, (*IDLE, CLOSING), a.adopt_key),
    # Closing
    moves(
        Disconnect,
        [CONNECTING],
        DISCONNECTED,
        a.supersede_waiters,
        a.sign_out,
        a.release_agent,
        a.answer_closed,
        a.wait,
    ),
    moves(
        Disconnect, LINKED, CLOSING, a.supersede_waiters, a.sign_out, a.wait, why="stored first, drained then"
    ),
    stays(Disconnect, [CLOSING], a.drop_next, a.sign_out, a.wait, why="joins"),
    moves(Disconnect, [ERROR], DISCONNECTED, a.sign_out, a.release_agent, a.answer_closed, a.wait),
    stays(
        Disconnect,
        [DISCONNECTED],
        e.leave_disconnected,
        a.sign_out,
        a.release_agent,
        a.answer_closed,
        a.wait,
        why="may be repeated",
    ),
    moves(
        Stop,
        LINKED,
        CLOSING,
        a.note_stop,
        a.reject_waiters_stopping,
        a.wait,
        why="agent and key stay",
    ),
    moves(Stop, [CONNECTING], DISCONNECTED, a.note_stop, a.reject_waiters_stopping, a.release_agent),
    stays(Stop, [CLOSING], a.note_stop, a.reject_waiters_stopping, a.wait, why="joins"),
    stays(Stop, IDLE, a.note_stop),
    moves(Drained, [CLOSING], DISCONNECTED, a.release_agent, a.answer_closed),
    ignored(Drained, _except(CLOSING), FENCED),
    # Agents that go away on purpose
    *_letting_go(ShutdownAgent),
    *_letting_go(SuspendAgent),
    # Backups
    *_in_the_backup_loop(TakeBackup),
    *_in_the_backup_loop(Restore),
    stays(BackupTaken, [CONNECTED, CLOSING], a.note_backup),
    ignored(BackupTaken, _except(CONNECTED, CLOSING), FENCED),
    stays(BackupFailed, [CONNECTED, CLOSING], a.note_backup_failure, why="a warning, no more"),
    ignored(BackupFailed, _except(CONNECTED, CLOSING), FENCED),
    # Credits
    stays(CreditsRead, [CONNECTED], a.note_credits),
    ignored(CreditsRead, _except(CONNECTED), FENCED),
    stays(MinimumBalanceSeen, EVERY, a.note_minimum_balance),
    # This machine
    stays(ConfigChanged, EVERY, a.adopt_settings),
    stays(ConfigRefused, EVERY, a.keep_settings, why="the old ones stay"),
    stays(StoreFailed, EVERY, a.note_store_failure),
    stays(StoreRecovered, EVERY, a.note_store_recovery),
)
