"""`eliza-cloud service unit`: the systemd unit of this installation, with its paths filled in."""

import os
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click

from eliza_cloud.cli.commands.service.file import file_text
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.text import say
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import state_paths

PROGRAM = "eliza-cloud"
SYSTEM, USER = "eliza-cloud.service", "eliza-cloud.user.service"
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - compared, not used
"""What ProtectHome= and PrivateTmp= of the system's unit hide from the service."""


@click.command()
@click.option("--user", is_flag=True, help="For a single user instead of the whole machine.")
def unit(*, user: bool) -> None:
    """Print the systemd unit of this installation.

    The program is the one of this installation. The state directory is /var/lib/eliza-cloud, which systemd
    creates; with --user it is ELIZA_STATE_DIR (default ~/.eliza). How to install the unit is at its top.
    """
    program = installed_program()
    if user:
        click.echo(user_unit(program, _state_directory()), nl=False)
        return
    for path in (program, Path(sys.executable).resolve()):
        if any(path.is_relative_to(directory) for directory in HIDDEN):
            say(
                f"Warning: {path} is not accessible to a system service. Install into /opt/eliza-cloud"
                " (see `eliza-cloud reference running`), or use --user."
            )
            break
    click.echo(system_unit(program), nl=False)


def installed_program() -> Path:
    """Return the `eliza-cloud` that was installed with this package, or else the one on the PATH."""
    try:
        recorded = distribution(PROGRAM).files or ()
    except PackageNotFoundError:
        recorded = ()
    for one in recorded:
        path = Path(os.path.normpath(str(one.locate())))
        if one.name == PROGRAM and os.access(path, os.X_OK):
            return path
    found = shutil.which(PROGRAM)
    if found is None:
        raise CliError(
            f"The program {PROGRAM} of this installation was not found.",
            remedy="Install the package with pip or pipx, and run the command from there.",
        )
    return Path(found).absolute()


def system_unit(program: Path) -> str:
    """Return the unit for the whole machine."""
    return _with_program(file_text(SYSTEM), program)


def user_unit(program: Path, state_directory: Path) -> str:
    """Return the unit for a single user."""
    setting = f"Environment={_quoted(f'ELIZA_STATE_DIR={state_directory}')}"
    return _replaced(_with_program(file_text(USER), program), r"^Environment=ELIZA_STATE_DIR=.*$", setting)


def _with_program(text: str, program: Path) -> str:
    if re.search(r"[\"'\\]", str(program)):
        raise CliError(
            f"systemd cannot start {program}: the path contains quotes or backslashes.",
            remedy="Install the package in another directory.",
        )
    return _replaced(text, r"^ExecStart=.*$", f"ExecStart={_quoted(str(program))} serve")


def _replaced(text: str, pattern: str, line: str) -> str:
    """Replace the one line of a unit that matches."""
    replaced, count = re.subn(pattern, lambda _: line, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{pattern} matches {count} lines")
    return replaced


def _quoted(word: str) -> str:
    """Write a word as systemd reads it back: specifiers doubled, and quoted where necessary."""
    word = word.replace("%", "%%")
    if re.fullmatch(r"[\w/.=:@%+,~-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _state_directory() -> Path:
    try:
        return state_paths(os.environ).directory
    except StoreError as error:
        raise CliError(str(error), exit_code=ExitCode.USAGE) from error
