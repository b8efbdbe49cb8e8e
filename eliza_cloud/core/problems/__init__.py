"""Every problem, once: its code, HTTP statuses, severity, title, sentence, remedy and action.

A row is a constant, named after its code, of the module for its area; another wording of the same problem
stands below it. What reports a problem makes an occurrence, `CLOUD_UNREACHABLE.occurred(site=…, reason=…)`,
and raises or keeps that. API answers and the API's document, health, `explain`, `/readyz`, `doctor`, the
commands, the log, the alerts and the reference of errors all take their words from the row.
"""

from eliza_cloud.core.problems import (
    access,
    account,
    agent,
    cloud,
    commands,
    link,
    machine,
    request,
    routes,
)
from eliza_cloud.core.problems.access import *  # noqa: F403
from eliza_cloud.core.problems.account import *  # noqa: F403
from eliza_cloud.core.problems.agent import *  # noqa: F403
from eliza_cloud.core.problems.cloud import *  # noqa: F403
from eliza_cloud.core.problems.commands import *  # noqa: F403
from eliza_cloud.core.problems.definition import Action as Action
from eliza_cloud.core.problems.definition import Particulars as Particulars
from eliza_cloud.core.problems.definition import Problem as Problem
from eliza_cloud.core.problems.definition import ProblemType as ProblemType
from eliza_cloud.core.problems.definition import Severity as Severity
from eliza_cloud.core.problems.link import *  # noqa: F403
from eliza_cloud.core.problems.machine import *  # noqa: F403
from eliza_cloud.core.problems.request import *  # noqa: F403
from eliza_cloud.core.problems.routes import *  # noqa: F403

_AREAS = (request, access, account, cloud, agent, link, machine, routes, commands)

#: Every row by the name of its constant, other wordings included.
ROWS = {name: row for area in _AREAS for name, row in vars(area).items() if isinstance(row, ProblemType)}
#: Every problem by its code; its row is the one that the code names.
PROBLEMS = {row.code: row for name, row in ROWS.items() if name == row.code.upper()}
#: Those that can be the state of things.
LASTING = {code: row for code, row in PROBLEMS.items() if row.lasts}
#: Those that the API answers with.
ANSWERED = {code: row for code, row in PROBLEMS.items() if row.statuses}
#: Those that only commands meet.
OF_COMMANDS = {code: row for code, row in PROBLEMS.items() if not row.statuses and not row.lasts}


def action_of(code: str) -> Action | None:
    """Return what a button would do about a problem; None for nothing, and for a code that is not ours."""
    return PROBLEMS[code].action if code in PROBLEMS else None


def particulars(problem: Problem) -> str:
    """Return an occurrence's sentence without the row's remedy, for where that is shown beside it."""
    row = PROBLEMS.get(problem.code)
    return problem.message if row is None else problem.message.removesuffix(row.remedy).rstrip()
