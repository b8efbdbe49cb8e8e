"""What the rows of the link's table do about the key, and what is learnt with it."""

from eliza_cloud.core import effects as do
from eliza_cloud.core.events import KeyAccepted, KeyChanged, KeyUnverified
from eliza_cloud.core.facts import Facts, Trouble
from eliza_cloud.core.machine import Cursor
from eliza_cloud.core.states import KeyState


def sign_out(cursor: Cursor[Facts]) -> None:
    """Forget the key, durably and first, so that a kill at any later point cannot bring the login back."""
    cursor.effects += [do.ForgetCredentials(), do.StopVerifying()]
    cursor.know(
        wish=None,
        enabled=False,
        user_id=None,
        organization_id=None,
    )
    _turn_key(cursor, KeyState.ABSENT, None)


def adopt_key(cursor: Cursor[Facts]) -> None:
    """Count the new key as unverified until the cloud has accepted it."""
    cursor.know(enabled=True, user_id=None, organization_id=None)
    _turn_key(cursor, KeyState.UNVERIFIED, cursor.expect(KeyChanged).expires_at)
    cursor.effects.append(do.VerifyKey(cursor.facts.key_number))


def _turn_key(cursor: Cursor[Facts], state: KeyState, expires_at: float | None) -> None:
    """Hold another key, or none: what was learnt with the one before does not count."""
    cursor.know(
        key=state,
        key_number=cursor.facts.key_number + 1,
        key_since=cursor.at,
        key_expires_at=expires_at,
        key_trouble=None,
        spending=None,
        credits_since=None,
    )


def accept_key(cursor: Cursor[Facts]) -> None:
    """Note whose key it is."""
    event = cursor.expect(KeyAccepted)
    if (event.user_id, event.organization_id) != (cursor.facts.user_id, cursor.facts.organization_id):
        cursor.effects.append(do.SaveIdentity(event.user_id, event.organization_id))
    cursor.know(user_id=event.user_id, organization_id=event.organization_id)
    _judge_key(cursor, KeyState.ACCEPTED)


def reject_key(cursor: Cursor[Facts]) -> None:
    """The cloud does not take the key any more."""
    cursor.effects.append(do.StopVerifying())
    _judge_key(cursor, KeyState.REJECTED)


def note_key_trouble(cursor: Cursor[Facts]) -> None:
    """The cloud could not say what it thinks of the key."""
    failure, before = cursor.expect(KeyUnverified).failure, cursor.facts.key_trouble
    cursor.know(key_trouble=Trouble(failure, before.since if before else cursor.at))


def _judge_key(cursor: Cursor[Facts], state: KeyState) -> None:
    since = cursor.facts.key_since if cursor.facts.key is state else cursor.at
    cursor.know(key=state, key_since=since, key_trouble=None)


def verify_key(cursor: Cursor[Facts]) -> None:
    """Find out whether the key is at fault."""
    cursor.effects.append(do.VerifyKey(cursor.facts.key_number))
