"""The browser sign-in: its events, facts, effects and table. One `LoginFacts` is one session at the cloud."""

import msgspec

from eliza_cloud.core.link.effects import Completed, Effect
from eliza_cloud.core.statechart import Cursor, Outcome, Row, Step, Table, ignored, moves, stays
from eliza_cloud.core.states import LoginState

IDLE, PENDING, AUTHENTICATED, EXPIRED, FAILED, CANCELLED = LoginState
OVER = (AUTHENTICATED, EXPIRED, FAILED, CANCELLED)


class LoginEvent(msgspec.Struct, frozen=True, tag_field="event", tag=True):
    """Something that happened to the session named; its id leads to a key, so no representation shows it."""

    session_id: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class LoginStarted(LoginEvent, frozen=True):
    """The cloud opened a session; `revocable` when it takes back a key that was collected in vain."""

    browser_url: str
    revocable: bool


class LoginKeyReceived(LoginEvent, frozen=True):
    """The one-time key was read. The key itself travels beside the queue, never in an event."""

    key_prefix: str | None
    expires_at: str | None


class LoginKeyStored(LoginEvent, frozen=True):
    """The key is written down."""


class LoginKeyNotStored(LoginEvent, frozen=True):
    """The key could not be written down; it is kept in memory and tried again."""

    message: str


class LoginExpired(LoginEvent, frozen=True):
    """The cloud no longer knows the session."""


class LoginTimedOut(LoginEvent, frozen=True):
    """Nobody signed in before the timeout (local-api §4)."""


class LoginFailed(LoginEvent, frozen=True):
    """The sign-in can no longer succeed."""

    message: str


class CancelLogin(LoginEvent, frozen=True):
    """The user cancelled, or signed out meanwhile: then polling ends, even for revoking a key."""

    signing_out: bool = False


class LoginEffect(Effect, frozen=True):
    """Something to be done about the session named; no representation shows its id."""

    session_id: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class StartPoller(LoginEffect, frozen=True):
    """Ask the cloud for the key until it comes."""


class StopPoller(LoginEffect, frozen=True):
    """Ask no more; `revoke` when a key that still comes is to be taken back."""

    revoke: bool


class StoreKey(LoginEffect, frozen=True):
    """Write the key down, before anything else happens to it (local-api §4)."""

    key_prefix: str | None
    expires_at: str | None


class KeepKey(LoginEffect, frozen=True):
    """The key could not be stored: try again after a pause."""


class AnnounceKey(Effect, frozen=True):
    """Tell the link that the key has changed; `expires_at` as the cloud wrote it."""

    expires_at: str | None


class LoginFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in; no representation shows its id or its page. `error` is a sentence for the user."""

    state: LoginState = LoginState.IDLE
    session_id: str = ""
    browser_url: str = ""
    revocable: bool = False
    key_prefix: str | None = None
    expires_at: str | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"LoginFacts(state={self.state.value!r}, error={self.error!r})"


class LoginView(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What `/api/cloud/login/status` answers (local-api §4)."""

    status: str
    key_prefix: str | None = None
    error: str | None = None


def _note(cursor: Cursor[LoginFacts], error: str | None) -> None:
    cursor.update(error=error)


def _begin(cursor: Cursor[LoginFacts]) -> None:
    event = cursor.expect(LoginStarted)
    cursor.facts = LoginFacts(
        session_id=event.session_id, browser_url=event.browser_url, revocable=event.revocable
    )
    cursor.effects.append(StartPoller(event.session_id))


def _store(cursor: Cursor[LoginFacts]) -> None:
    event = cursor.expect(LoginKeyReceived)
    cursor.update(key_prefix=event.key_prefix, expires_at=event.expires_at)
    cursor.effects.append(StoreKey(event.session_id, event.key_prefix, event.expires_at))


def _keep(cursor: Cursor[LoginFacts]) -> None:
    _note(cursor, cursor.expect(LoginKeyNotStored).message)
    cursor.effects.append(KeepKey(cursor.facts.session_id))


def _announce(cursor: Cursor[LoginFacts]) -> None:
    _note(cursor, None)
    cursor.effects += [
        StopPoller(cursor.facts.session_id, revoke=False),
        AnnounceKey(cursor.facts.expires_at),
    ]


def _expire(cursor: Cursor[LoginFacts]) -> None:
    _note(cursor, "Session not found or expired")
    cursor.effects.append(StopPoller(cursor.facts.session_id, revoke=False))


def _fail(cursor: Cursor[LoginFacts]) -> None:
    _note(cursor, cursor.expect(LoginFailed).message)
    cursor.effects.append(StopPoller(cursor.facts.session_id, revoke=False))


def _abandon(cursor: Cursor[LoginFacts]) -> None:
    timed_out = isinstance(cursor.event, LoginTimedOut)
    _note(cursor, "Nobody signed in in time. Start again." if timed_out else "The login was cancelled.")
    leaves = isinstance(cursor.event, CancelLogin) and cursor.event.signing_out
    cursor.effects.append(StopPoller(cursor.facts.session_id, revoke=cursor.facts.revocable and not leaves))


def _enter(cursor: Cursor[LoginFacts]) -> None:
    cursor.update(state=cursor.state)


ENDED = "the sign-in has ended"

LOGIN_ROWS: tuple[Row[LoginFacts], ...] = (
    moves(LoginStarted, (IDLE, *OVER), PENDING, _begin),
    ignored(LoginStarted, [PENDING], "a second request returns the session that is pending"),
    stays(LoginKeyReceived, [PENDING], _store, why="authenticated only once it is stored"),
    ignored(LoginKeyReceived, (IDLE, *OVER), "a key that comes after the end is not adopted"),
    moves(LoginKeyStored, [PENDING], AUTHENTICATED, _announce),
    ignored(LoginKeyStored, (IDLE, *OVER), ENDED),
    stays(LoginKeyNotStored, [PENDING], _keep, why="the key exists once: keep it and try again"),
    ignored(LoginKeyNotStored, (IDLE, *OVER), ENDED),
    moves(LoginExpired, [PENDING], EXPIRED, _expire),
    ignored(LoginExpired, (IDLE, *OVER), ENDED),
    moves(LoginTimedOut, [PENDING], EXPIRED, _abandon),
    ignored(LoginTimedOut, (IDLE, *OVER), ENDED),
    moves(LoginFailed, [PENDING], FAILED, _fail),
    ignored(LoginFailed, (IDLE, *OVER), ENDED),
    moves(CancelLogin, [PENDING], CANCELLED, _abandon),
    ignored(CancelLogin, (IDLE, *OVER), ENDED),
)


class LoginMachine:
    """The sign-in's table, ready to run; keeps nothing of any one sign-in."""

    def __init__(self) -> None:
        self.table: Table[LoginFacts] = Table(
            LOGIN_ROWS, LoginState, LoginState.IDLE, on_enter=dict.fromkeys(LoginState, _enter), on_exit={}
        )

    def step(self, facts: LoginFacts, event: LoginEvent) -> Step[LoginFacts]:
        """Decide one event; one about another session is `STALE`."""
        if not isinstance(event, LoginStarted) and event.session_id != facts.session_id:
            return Step(facts=facts, effects=(), reply=Completed(), outcome=Outcome.STALE)
        cursor = Cursor(facts.state, facts, event, at=0.0, jitter=0.0)
        self.table.fire(type(event), cursor)
        outcome = cursor.row.outcome if cursor.row else Outcome.IGNORED
        return Step(
            facts=cursor.facts,
            effects=tuple(cursor.effects),
            reply=cursor.reply,
            outcome=outcome,
            moves=tuple(cursor.moves),
        )


def login_view(facts: LoginFacts) -> LoginView:
    """Derive what the local poll answers; a cancelled login is an expired one, a failed one an error."""
    words = {FAILED: "error", CANCELLED: "expired"}
    return LoginView(
        status=words.get(facts.state, facts.state.value),
        key_prefix=facts.key_prefix if facts.state is AUTHENTICATED else None,
        error=facts.error,
    )
