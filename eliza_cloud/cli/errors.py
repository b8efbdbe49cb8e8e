"""How a command fails: one sentence, what to do about it, an exit code, and a body for --json."""

from typing import TYPE_CHECKING, Any

import click

from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.text import printable

if TYPE_CHECKING:  # the commands that need no row start without the catalogue
    from eliza_cloud.core.problems import ProblemType


class CliError(Exception):
    """The command failed; `code` is the machine-readable word."""

    def __init__(
        self,
        sentence: str,
        *,
        remedy: str = "",
        code: str = "failed",
        exit_code: ExitCode = ExitCode.FAILED,
        body: dict[str, Any] | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(sentence)
        self.remedy = remedy
        self.request_id = request_id
        self.exit_code = exit_code
        self.body = body or {"ok": False, "error": sentence, "code": code}

    @classmethod
    def of(cls, row: "ProblemType", exit_code: ExitCode = ExitCode.FAILED, **fields: object) -> "CliError":
        """Return the error in the words of a row of the catalogue."""
        sentence = row.says(**fields)
        action = {"action": row.action.value} if row.action else {}
        return cls(
            sentence,
            remedy=row.remedy.format(**fields),
            exit_code=exit_code,
            body={"ok": False, "error": sentence, "code": row.code, **action},
        )

    def show(self) -> None:
        """Print the sentence, the remedy and the request's id on stderr."""
        click.echo(f"Error: {printable(str(self))}", err=True)
        if self.remedy:
            click.echo(printable(self.remedy), err=True)
        if self.request_id:
            click.echo(f"Request id {self.request_id}", err=True)
