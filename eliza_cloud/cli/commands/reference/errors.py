"""The reference of codes: errors, causes, and what commands add."""

from eliza_cloud.cli.commands.reference.markdown import code, page, table
from eliza_cloud.cli.exit_codes import MEANINGS
from eliza_cloud.core.problems import ANSWERED, LASTING, OF_COMMANDS, ProblemType


def errors_page() -> str:
    """Return every code that can be met, with its meaning and remedy."""
    return page(
        "Errors",
        'An error of the API is `{"ok": false, "error": "<sentence>", "code": "<code>"}`, under `/v1`'
        " OpenAI's error object with the same code. The sentence is for people and may change; the code"
        " stays. `action`, where there is one, is what a button would do about it. A provider's own code for"
        " what a request got wrong is passed on as it is, and so is the cloud's (`cloudCode`).",
        table(
            ("Code", "HTTP status", "Meaning", "Remedy", "Action"),
            [_answered(row) for _, row in sorted(ANSWERED.items())],
        ),
        "## Lasting problems",
        "What health items, `/readyz`, `explain`, `doctor`, the log and the alerts show.",
        table(
            ("Code", "Severity", "Meaning", "Remedy", "Action"), [_lasting(row) for row in LASTING.values()]
        ),
        "## Codes of commands",
        "With `--json`, a command that fails prints the same body. These codes are its own, or the log's:",
        table(
            ("Code", "Meaning", "Remedy", "Action"),
            [(code(row.code), *_words(row)) for _, row in sorted(OF_COMMANDS.items())],
        ),
        "## Exit codes of commands",
        table(("Exit code", "Meaning"), [(str(int(number)), words) for number, words in MEANINGS.items()]),
    )


def _answered(row: ProblemType) -> tuple[str, ...]:
    return code(row.code), ", ".join(map(str, row.statuses)), *_words(row)


def _lasting(row: ProblemType) -> tuple[str, ...]:
    return code(row.code), row.severity.value, *_words(row)


def _words(row: ProblemType) -> tuple[str, str, str]:
    return row.title, row.remedy, code(row.action.value) if row.action else ""
