"""Why the link is in its state, which event brought it there, and what happens next, in sentences."""

import msgspec

from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.problems import (
    PROBLEMS,
    RETRIES_EXHAUSTED,
    RUNTIME_NOT_STARTED,
    Action,
    particulars,
)
from eliza_cloud.core.states import KeyState, LinkState, Reason
from eliza_cloud.core.timefmt import timestamp
from eliza_cloud.core.views.health import HealthItem, health_view, job_words, link_problem_code
from eliza_cloud.core.views.status import shown_state

_BROUGHT = {
    None: "The service started",
    "AgentSuspended": "The agent's record says that it is stopped, and nobody here asked for that",
    "CloudAnswered": "The cloud answers again",
    "KeyAccepted": "The cloud accepts the API key again",
    "PriceRefused": "The cloud asks to agree to the price of a start",
    "AgentGone": "The cloud said twice that the agent does not exist",
    "ConnectFailed": "Connecting failed",
    "Connect": "A connect was requested",
    "Connected": "The agent was started and answered a heartbeat",
    "CreditsExhausted": "The cloud refused to start the agent, because the balance is too low",
    "Disconnect": "A disconnect was requested",
    "Drained": "The link was closed",
    "HeartbeatMissed": "Too many heartbeats in a row were missed",
    "KeyChanged": "Somebody signed in, so the link connects with the new key",
    "KeyRejected": "The cloud refused the API key twice",
    "Reattach": "The previous link is being resumed",
    "ReconnectFailed": "The last attempt to restore the link failed",
    "Reconnected": "The link was restored",
    "ShutdownAgent": "The agent is being deleted",
    "Stop": "The service is stopping",
    "SuspendAgent": "The agent is being suspended",
    "Woke": "The machine woke up",
}


class NextStep(msgspec.Struct, frozen=True):
    """What the service does next by itself; `at` is ISO 8601 in UTC, null for as soon as it can."""

    what: str
    at: str | None


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """One state explained. `cause` is a code of the catalogue, `action` what a button would do about
    it; `next` is null where a person has to act."""

    state: str
    since: str
    brought_by: str | None
    cause: str | None
    remedy: str | None
    action: Action | None
    sentences: tuple[str, ...]
    next: NextStep | None
    items: tuple[HealthItem, ...]


def explain(facts: Facts, at: float, *, running: bool) -> Explanation:
    """Explain the state as it is at this wall-clock time; `running` tells whether the consumer works."""
    items = health_view(facts, at).items
    cause = link_problem_code(facts)
    if cause is None and facts.state is not LinkState.CONNECTED:
        cause = next((item.code for item in items if item.severity == "error"), None)
    if cause is None and facts.key is KeyState.ABSENT:
        cause = "not_signed_in"
    upcoming = _next(facts, at) if running else None
    retries_exhausted = facts.reason is Reason.RETRIES_EXHAUSTED and facts.desired_agent_id is not None
    row = None if cause is None else RETRIES_EXHAUSTED if retries_exhausted else PROBLEMS[cause]
    remedy = None if row is None else row.remedy
    return Explanation(
        state=shown_state(facts).value,
        since=timestamp(facts.since),
        brought_by=facts.last_event,
        cause=cause,
        remedy=remedy,
        action=None if row is None else row.action,
        sentences=tuple(_sentences(facts, at, cause, upcoming, remedy, running=running)),
        next=_step(upcoming, at),
        items=items,
    )


def _sentences(
    facts: Facts,
    at: float,
    cause: str | None,
    upcoming: tuple[str, float | None] | None,
    remedy: str | None,
    *,
    running: bool,
) -> list[str]:
    agent = f" to {facts.agent_name or facts.agent_id}" if facts.agent_id else ""
    state = shown_state(facts)
    words = "in the state error" if state is LinkState.ERROR else state.value
    said = [f"The link{agent} has been {words} for {_length(at - facts.since)}."]
    said.append(f"{_brought(facts)}.")
    if facts.state is LinkState.CLOSING:
        said.append("It is being closed, with a last backup.")
    if facts.restarting:
        said.append("The agent is being restarted: its sandbox was dead, although its record said running.")
    if facts.job is not None:
        code, progress = job_words(facts.job)
        said += [PROBLEMS[code].title, progress]
    if cause is not None:
        said.append(PROBLEMS[cause].title)
        detail = _detail(facts)
        if detail is not None:
            said.append(detail)
    if not running:
        said.append(f"{RUNTIME_NOT_STARTED.title} {RUNTIME_NOT_STARTED.remedy}")
    elif upcoming is not None:
        what, due = upcoming
        left = 0.0 if due is None else due - at
        said.append(f"In {_length(left)}, {what}." if left >= 1 else f"Next, {what}.")
    else:
        said.append("Nothing happens by itself now.")
    if remedy is not None:
        said.append(f"What to do: {remedy}")
    return said


def _brought(facts: Facts) -> str:
    name = facts.last_event
    brought = _BROUGHT.get(name, f"The event {name}")
    return brought if name is None else f"{brought} ({name})"


def _detail(facts: Facts) -> str | None:
    problems = (facts.base_url_problem, facts.key_problem, facts.store_problem, facts.settings_problem)
    if facts.base_url_problem is None and facts.problem is not None:
        return particulars(facts.problem)
    return next((particulars(problem.problem) for problem in problems if problem is not None), None)


def _step(upcoming: tuple[str, float | None] | None, at: float) -> NextStep | None:
    if upcoming is None:
        return None
    what, due = upcoming
    return NextStep(what, timestamp(due) if due and due > at else None)


def _next(facts: Facts, at: float) -> tuple[str, float | None] | None:
    """Return what the states' activities do next, and at which wall-clock time; None as the time: by now."""
    match facts.state:
        case LinkState.CONNECTING:
            return "the agent is started and its first heartbeat awaited, at most 15 minutes", None
        case LinkState.CONNECTED:
            last = facts.since if facts.last_heartbeat_at is None else facts.last_heartbeat_at
            return "the next heartbeat is sent", last + facts.policy.heartbeat_interval
        case LinkState.RECONNECTING:
            attempts = facts.policy.backoff.attempts
            which = f"attempt {facts.attempt} of {attempts}" if attempts else f"attempt {facts.attempt}"
            return f"{which} to restore the link is made", facts.next_attempt_at
        case LinkState.CLOSING:
            return "the link to the next agent connects" if facts.next_agent else "the link is closed", None
        case _:
            return _next_when_idle(facts, at)


def _next_when_idle(facts: Facts, at: float) -> tuple[str, float | None] | None:
    if facts.key_problem is not None and facts.key is KeyState.UNVERIFIED:
        return "the cloud is asked again whether it accepts the key", None
    if facts.reason is Reason.RETRIES_EXHAUSTED and facts.desired_agent_id is not None:
        interval = facts.policy.recheck_interval
        if not interval:
            return "one more attempt is made when this machine wakes from sleep", None
        asked = max(0.0, at - facts.since) // interval + 1
        return "the cloud is asked whether it is back", facts.since + asked * interval
    if facts.reason is Reason.KEY_REJECTED and facts.desired_agent_id is not None:
        return "the cloud is asked again about the key; once it accepts it, the link returns", None
    return None


def _length(seconds: float) -> str:
    """Write a length of time in its two largest units: `3 h 5 min`."""
    left = max(0, int(seconds))
    days, left = divmod(left, 86400)
    hours, left = divmod(left, 3600)
    minutes, seconds = divmod(left, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    named = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(named[:2]) or "0 s"
