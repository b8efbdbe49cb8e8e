"""What the rows of the link's table do about callers and the wish: replace facts, append effects.

Actions cannot fail and cannot wait. What keeps a link alive is in `upkeep`, the key in `account`, the machine
it runs on in `surroundings`.
"""

from eliza_cloud.core import effects as do
from eliza_cloud.core.events import Connect, Reattach
from eliza_cloud.core.facts import Facts
from eliza_cloud.core.failure import STOPPING, SUPERSEDED, Failure
from eliza_cloud.core.machine import Action, Cursor
from eliza_cloud.core.replies import Done, Waits
from eliza_cloud.core.states import Reason

# What callers hear


def wait(cursor: Cursor[Facts]) -> None:
    """Let the caller wait for a later answer."""
    cursor.reply = Waits()


def report_linked(cursor: Cursor[Facts]) -> None:
    """Tell the caller that the agent named was the one in use."""
    cursor.reply = Done(linked=True)


def answer_linked(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for this link that it stands."""
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.AnswerConnect(cursor.facts.agent_id))


def answer_failure(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for this link why it failed."""
    failure = getattr(cursor.event, "failure", SUPERSEDED)
    if cursor.facts.agent_id is not None:
        cursor.effects.append(do.AnswerConnect(cursor.facts.agent_id, failure))


def answer_closed(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for the link to be closed that it is."""
    cursor.effects.append(do.AnswerDisconnect())


def _overtake(cursor: Cursor[Facts], agent_id: str | None, failure: Failure = SUPERSEDED) -> None:
    if agent_id is not None:
        cursor.effects.append(do.AnswerConnect(agent_id, failure))


def overtake_callers(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for this link that a later command took its place."""
    _overtake(cursor, cursor.facts.agent_id)


def send_callers_home(cursor: Cursor[Facts]) -> None:
    """Tell everyone who waits for a link that the service stops."""
    for agent_id in dict.fromkeys((cursor.facts.agent_id, cursor.facts.next_agent)):
        _overtake(cursor, agent_id, STOPPING)
    cursor.know(next_agent=None)


# The wish and the agent


def adopt_agent(cursor: Cursor[Facts]) -> None:
    """Make the agent named the one the link is about; the wish is stored before anything is started."""
    agent_id = cursor.expect(Connect).agent_id
    _wish(cursor, agent_id)
    _adopt(cursor, agent_id, unattended=False)


def adopt_unattended(cursor: Cursor[Facts]) -> None:
    """The same without a caller: a failure that time may mend goes to the ladder."""
    agent_id = cursor.expect(Reattach).agent_id
    _wish(cursor, agent_id)
    _adopt(cursor, agent_id, unattended=True)


def adopt_next(cursor: Cursor[Facts]) -> None:
    """Go on to the agent that waited for closing to end."""
    _adopt(cursor, cursor.facts.next_agent, unattended=False)
    cursor.know(next_agent=None)


def adopt_wish(cursor: Cursor[Facts]) -> None:
    """Take up the wish again, unattended."""
    _adopt(cursor, cursor.facts.wish, unattended=True)


def remember_next(cursor: Cursor[Facts]) -> None:
    """Keep the agent named for when closing has ended; an earlier one is overtaken."""
    agent_id = cursor.expect(Connect).agent_id
    if cursor.facts.next_agent != agent_id:
        _overtake(cursor, cursor.facts.next_agent)
    _wish(cursor, agent_id)
    cursor.know(next_agent=agent_id)


def drop_next(cursor: Cursor[Facts]) -> None:
    """Nothing comes after closing any more."""
    _overtake(cursor, cursor.facts.next_agent)
    cursor.know(next_agent=None)


def drop_wish(cursor: Cursor[Facts]) -> None:
    """The user does not want this link any more."""
    _wish(cursor, None)


def release_agent(cursor: Cursor[Facts]) -> None:
    """The link is about no agent."""
    cursor.know(
        agent_id=None,
        agent_name=None,
        attempt=0,
        reason=None,
        failure=None,
        failing_since=None,
        backup_trouble=None,
    )


def _adopt(cursor: Cursor[Facts], agent_id: str | None, *, unattended: bool) -> None:
    if agent_id != cursor.facts.agent_id:
        cursor.know(
            agent_name=None,
            failing_since=None,
            last_heartbeat_at=None,
            last_backup_at=None,
            backups_refused=False,
            backup_trouble=None,
        )
    cursor.know(agent_id=agent_id, unattended=unattended, attempt=0)


def _wish(cursor: Cursor[Facts], agent_id: str | None) -> None:
    if cursor.facts.wish != agent_id:
        cursor.effects.append(do.StoreWish(agent_id))
        cursor.know(wish=agent_id)


# Why, and the service


def because(reason: Reason | None) -> Action[Facts]:
    """Make an action that notes why, with the failure the event brought, if it brought one."""

    def note(cursor: Cursor[Facts]) -> None:
        failure, since = getattr(cursor.event, "failure", None), cursor.facts.failing_since
        cursor.know(reason=reason, failure=failure, failing_since=cursor.at if since is None else since)

    return note


def note_failure(cursor: Cursor[Facts]) -> None:
    """Note what a try of the ladder failed with; the reason for the state stays."""
    failure = getattr(cursor.event, "failure", None)
    cursor.know(failure=failure, failed_tries=cursor.facts.failed_tries + 1)


def note_stop(cursor: Cursor[Facts]) -> None:
    """From now on commands are refused."""
    cursor.know(stopping=True)
