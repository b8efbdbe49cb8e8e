"""What is wrong, derived from the facts: root causes hide their symptoms, and what may yet pass stays hidden.

Nothing here is stored anywhere: the same facts at the same time always give the same items.
"""

from collections.abc import Iterable, Iterator

import msgspec

from eliza_cloud.core.backups import ends_the_agent
from eliza_cloud.core.credits import MINIMUM_DEPOSIT, CreditLevel, level_of, may_provision
from eliza_cloud.core.link.state import Facts, JobProgress, OngoingProblem
from eliza_cloud.core.problems import (
    AGENT_SUSPENDED,
    BACKUP_TOO_LARGE,
    BILLING_HOLD_ACTIVE,
    CLOCK_JUMPED,
    CONNECT_FAILED,
    CREDITS_BELOW_MINIMUM,
    JOB_NOT_BEGUN,
    JOB_RETRIED,
    LASTING,
    PROBLEMS,
    START_UNDER_WAY,
    Action,
    Problem,
    Severity,
    particulars,
)
from eliza_cloud.core.states import KeyState, LinkState, Reason
from eliza_cloud.core.timefmt import timestamp

DAY = 86400.0
EXPIRES_SOON = 7 * DAY
#: Backups may be this many intervals late before that is shown.
OVERDUE_AFTER = 3.0
#: A missed heartbeat is shown once the next one would have come and been missed, too.
BEATS_TO_VISIBLE = 1.5
#: Seconds for which a jump of the clock is shown.
JUMP_SHOWN_FOR = 600.0

#: Problems that are shown as another one: what a person does about them is the same.
_PROBLEM_CODES = {
    "agent_timeout": "agent_unreachable",
    "cloud_timeout": "cloud_unreachable",
    "invalid_response": "cloud_server_error",
    "redirected": "cloud_server_error",
    "rate_limited": "cloud_server_error",
    "job_failed": "cloud_server_error",
}
_FINAL = {
    Reason.KEY_REJECTED,
    Reason.AGENT_GONE,
    Reason.CREDITS_EXHAUSTED,
    Reason.PRICE_CONFIRMATION_REQUIRED,
    Reason.AGENT_SUSPENDED,
}
_ORDER = tuple(Severity)[::-1]


class HealthItem(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that is wrong. `since` is ISO 8601 in UTC, `detail` the particulars in a sentence.

    `action` is what a button beside it would do; null where only a person can act."""

    code: str
    severity: Severity
    title: str
    since: str
    remedy: str
    detail: str | None = None
    action: Action | None = None


class HealthView(msgspec.Struct, frozen=True, rename="camel"):
    """What `/api/cloud/health` answers; the worst comes first, and nothing at all is good."""

    items: tuple[HealthItem, ...]


def health_view(facts: Facts, at: float, conditions: Iterable[OngoingProblem] = ()) -> HealthView:
    """Derive the items to be shown at this wall-clock time; `conditions` are those of the process."""
    items = [*_items(facts, at), *map(_lasting, conditions)]
    return HealthView(tuple(sorted(items, key=lambda item: _ORDER.index(item.severity))))


def link_problem_code(facts: Facts) -> str | None:
    """Return the code of what keeps the link from being connected, or disturbs it; None when nothing does."""
    if facts.base_url_problem is not None:
        return "base_url_refused"
    if facts.key is KeyState.REJECTED:
        return "key_rejected"
    if facts.reason in _FINAL:
        on_hold = facts.problem is not None and facts.problem.code == BILLING_HOLD_ACTIVE.code
        return BILLING_HOLD_ACTIVE.code if on_hold else facts.reason.value
    if facts.problem is not None:
        return problem_code(facts.problem)
    if facts.key_problem is not None:
        return problem_code(facts.key_problem.problem)
    return None


def problem_code(problem: Problem) -> str:
    """Return the code under which health shows a failed call to the cloud."""
    code = _PROBLEM_CODES.get(problem.code, problem.code)
    return code if code in LASTING else CONNECT_FAILED.code


def readiness(facts: Facts) -> str | None:
    """Return why the link is not connected, as one word; None when it is."""
    if facts.state is LinkState.CONNECTED:
        return None
    cause = link_problem_code(facts)
    if cause is not None:
        return cause
    for problem in (facts.store_problem, facts.settings_problem):
        if problem is not None:
            return problem.problem.code
    if facts.key is KeyState.ABSENT:
        return "not_signed_in"
    return "closing" if facts.state is LinkState.CLOSING else facts.state.value


def _items(facts: Facts, at: float) -> Iterator[HealthItem]:
    cause = link_problem_code(facts)
    if cause is not None:
        since, problem = _link_problem(facts)
        if _is_visible(facts, at, since):
            yield _item(cause, _particulars(facts, problem), since=since)
    if facts.reason is Reason.RETRIES_EXHAUSTED and facts.desired_agent_id is not None:
        yield _item("retries_exhausted", since=facts.since)
    if cause not in {"base_url_refused", "key_rejected"}:
        yield from _about_the_account(facts, at)
    if cause is None:
        yield from _about_backups(facts, at)
    yield from _about_the_start(facts, at, cause)
    yield from _about_this_machine(facts, at)


def _link_problem(facts: Facts) -> tuple[float, Problem | None]:
    if facts.base_url_problem is not None:
        return facts.base_url_problem.since, facts.base_url_problem.problem
    if facts.key is KeyState.REJECTED:
        return facts.key_since, facts.problem
    if facts.problem is None and facts.key_problem is not None:
        return facts.key_problem.since, facts.key_problem.problem
    return facts.since if facts.failing_since is None else facts.failing_since, facts.problem


def _particulars(facts: Facts, problem: Problem | None) -> str | None:
    """Return what is known beyond the title; of an agent that was stopped for its balance, the balance."""
    stopped = problem is not None and problem.code == AGENT_SUSPENDED.code
    if stopped and facts.reason is Reason.CREDITS_EXHAUSTED and facts.spending is not None:
        return _below_minimum(facts.spending.balance, facts.minimum_balance)
    return None if problem is None else particulars(problem)


def _is_visible(facts: Facts, at: float, since: float) -> bool:
    """Tell whether a problem has lasted long enough; what has ended the link always has."""
    passing = facts.state is LinkState.CONNECTED or facts.problem is None
    final = facts.base_url_problem is not None or facts.key is KeyState.REJECTED
    return final or not passing or _has_lasted(facts, at, since)


def _has_lasted(facts: Facts, at: float, since: float) -> bool:
    return at - since >= BEATS_TO_VISIBLE * facts.policy.heartbeat_interval


def _about_the_start(facts: Facts, at: float, cause: str | None) -> Iterator[HealthItem]:
    """Say that the agent is being started: of a job at once, else once it has taken a while."""
    if facts.job is not None:
        yield _item(*job_words(facts.job), since=facts.since)
    elif facts.state is LinkState.CONNECTING and cause is None and _has_lasted(facts, at, facts.since):
        yield _item(START_UNDER_WAY.code, since=facts.since)


def job_words(job: JobProgress) -> tuple[str, str]:
    """Return the code under which a job that is waited for is shown, and how far it is."""
    if job.error is not None:
        said = job.error.rstrip(".")
        return JOB_RETRIED.code, JOB_RETRIED.says(attempts=job.attempts, said=said)
    waits = JOB_NOT_BEGUN if job.attempts == 0 else START_UNDER_WAY
    return waits.code, waits.says(attempts=job.attempts)


def _about_the_account(facts: Facts, at: float) -> Iterator[HealthItem]:
    expires = facts.key_expires_at
    if expires is not None and facts.key is KeyState.ACCEPTED and at >= expires - EXPIRES_SOON:
        yield _item("key_expiring", f"It expires at {timestamp(expires)}.", since=expires - EXPIRES_SOON)
    if facts.spending is None or facts.credits_since is None or facts.reason is Reason.CREDITS_EXHAUSTED:
        return
    balance = facts.spending.balance
    level = level_of(balance)
    detail = f"The balance is ${balance:.2f}."
    if level is not CreditLevel.FINE:
        yield _item(f"credits_{level}", detail, since=facts.credits_since)
    elif not may_provision(balance, facts.minimum_balance):
        yield _item(
            "credits_below_minimum", _below_minimum(balance, facts.minimum_balance), since=facts.credits_since
        )


def _below_minimum(balance: float, minimum: float | None) -> str:
    needed = MINIMUM_DEPOSIT if minimum is None else minimum
    return CREDITS_BELOW_MINIMUM.says(balance=f"{balance:.2f}", minimum=f"{needed:.2f}")


def _about_backups(facts: Facts, at: float) -> Iterator[HealthItem]:
    if facts.state is not LinkState.CONNECTED or facts.agent_shared:
        return
    problem = facts.backup_problem
    detail = particulars(problem.problem) if problem else None
    if facts.backups_refused:
        yield _item("backup_refused", detail, since=problem.since if problem else facts.since)
        return
    size, taken = facts.last_backup_size, facts.last_backup_at
    if ends_the_agent(size) and taken is not None:
        yield _item("backup_too_large", BACKUP_TOO_LARGE.says(size=size), since=taken)
    if taken is None:  # none is remembered: since one has been waited for
        taken = facts.since if problem is None else min(facts.since, problem.since)
    due = max(taken, facts.woke_at or 0.0) + OVERDUE_AFTER * facts.policy.backup_interval
    if at >= due:
        yield _item("backup_overdue", detail, since=due)


def _about_this_machine(facts: Facts, at: float) -> Iterator[HealthItem]:
    for problem in (facts.store_problem, facts.settings_problem):
        if problem is not None:
            yield _lasting(problem)
    if facts.unknown_settings:
        yield _item("settings_unknown", " ".join(facts.unknown_settings), since=facts.settings_at)
    if facts.woke_at is not None and 0 <= at - facts.woke_at < JUMP_SHOWN_FOR:
        jump = CLOCK_JUMPED.says(jump=f"{facts.clock_delta:+.0f}")
        yield _item("clock_jumped", jump, since=facts.woke_at)


def _lasting(ongoing: OngoingProblem) -> HealthItem:
    return _item(ongoing.problem.code, particulars(ongoing.problem), since=ongoing.since)


def _item(code: str, detail: str | None = None, *, since: float) -> HealthItem:
    row = PROBLEMS[code]
    return HealthItem(row.code, row.severity, row.title, timestamp(since), row.remedy, detail, row.action)
