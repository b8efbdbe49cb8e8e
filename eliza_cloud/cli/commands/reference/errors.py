"""The reference of codes: errors, causes, and what commands add."""

from eliza_cloud.api.openapi.error_codes import ERROR_CODES, ErrorCode
from eliza_cloud.cli.commands.reference.markdown import code, page, table
from eliza_cloud.cli.exit_codes import COMMAND_CODES, MEANINGS
from eliza_cloud.core.problems import PROBLEMS, ProblemType


def errors_page() -> str:
    """Return every code that can be met, with its meaning and remedy."""
    return page(
        "Errors",
        'An error of the API is `{"ok": false, "error": "<sentence>", "code": "<code>"}`, under `/v1`'
        " OpenAI's error object with the same code. The sentence is for people and may change; the code"
        " stays. A provider's own code for what a request got wrong is passed on as it is, and so is the"
        " cloud's (`cloudCode`).",
        table(
            ("Code", "HTTP status", "Meaning", "Remedy"),
            [_error_row(one) for one in sorted(ERROR_CODES.values(), key=lambda one: one.code)],
        ),
        "## Causes",
        "What can be wrong with the whole: health items, `/readyz`, `explain`, `doctor` and the log share"
        " these codes.",
        table(("Code", "Severity", "Meaning", "Remedy"), [_cause_row(cause) for cause in PROBLEMS.values()]),
        "## Codes of commands",
        "With `--json`, a command that fails prints the same body. These codes are its own:",
        table(
            ("Code", "Meaning"),
            [(code(word), meaning) for word, meaning in sorted(COMMAND_CODES.items())],
        ),
        "## Exit codes of commands",
        table(("Exit code", "Meaning"), [(str(int(number)), words) for number, words in MEANINGS.items()]),
    )


def _error_row(one: ErrorCode) -> tuple[str, ...]:
    statuses = ", ".join(map(str, one.statuses)) or "the provider's"
    return code(one.code), statuses, one.meaning, one.remedy


def _cause_row(cause: ProblemType) -> tuple[str, ...]:
    return code(cause.code), cause.severity.value, cause.title, cause.remedy
