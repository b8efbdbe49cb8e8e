"""`eliza-cloud logs`: the log of the service that systemd runs, from the journal or from its file."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

import click

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.unit import SYSTEM, UNIT, USER, unit_properties
from eliza_cloud.core.problems import LOG_UNREADABLE, NO_UNIT
from eliza_cloud.store.config.env import child_environment

_FILES = ("append:", "file:", "truncate:")


class _Unit(NamedTuple):
    scope: tuple[str, ...]
    file: str | None


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@click.option(
    "--lines", "-n", type=click.IntRange(0), default=100, show_default=True, help="How many, from the end."
)
@click.option(
    "--user/--system",
    default=None,
    help="The unit of this user, or that of the machine.  [default: the one there is]",
)
def logs(*, follow: bool, lines: int, user: bool | None) -> ExitCode:
    """Show the log of the service that systemd runs.

    It comes from systemd's journal, or from the file that the unit writes it to. A service that was started
    in another way writes its log to its standard error. `eliza-cloud events` shows what happened to the link.
    """
    scopes: list[tuple[str, ...]] = [USER, SYSTEM]
    if user is not None:
        scopes = [USER if user else SYSTEM]
    unit = next(filter(None, map(_unit, scopes)), None)
    if unit is None:
        raise CliError.of(NO_UNIT)
    if unit.file is not None:
        command = ["tail", f"--lines={lines}", *(["--follow=name"] if follow else []), "--", unit.file]
    else:
        command = ["journalctl", *unit.scope, f"--unit={UNIT}", f"--lines={lines}", "--output=cat"]
        command += ["--no-pager", *(["--follow"] if follow else [])]
    return _shown(command)


def _unit(scope: tuple[str, ...]) -> _Unit | None:
    """Return where the unit logs; None where there is none."""
    properties = unit_properties(scope, "StandardError")
    if properties is None:
        return None
    kind, colon, path = properties.get("StandardError", "").partition(":")
    return _Unit(scope, path if f"{kind}{colon}" in _FILES else None)


def _shown(command: Sequence[str]) -> ExitCode:
    program = shutil.which(command[0])
    if program is None:
        raise CliError.of(LOG_UNREADABLE, program=command[0], reason="it is not installed")
    ended = subprocess.run([program, *command[1:]], env=child_environment(os.environ), check=False)  # noqa: S603 - as above
    if ended.returncode != 0:
        raise CliError.of(LOG_UNREADABLE, program=command[0], reason=f"it ended with {ended.returncode}")
    return ExitCode.DONE
