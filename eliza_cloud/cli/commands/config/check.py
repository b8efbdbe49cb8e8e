"""`eliza-cloud config check`: every problem in eliza.json, at once."""

import os
from pathlib import Path
from typing import Any

import click

from eliza_cloud.cli.commands.config.positions import Position, key_offsets, position
from eliza_cloud.cli.decorators import print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.installation import installation
from eliza_cloud.cli.output.text import printable
from eliza_cloud.core.problems import CONFIG_FILE_MISSING
from eliza_cloud.routing.config.settings import problems_in
from eliza_cloud.store.config.env import allows_loopback
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.validate import SettingProblem, shown
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.paths import missing_config, state_paths


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Treat unknown keys as errors, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one object on one line.")
def check(*, file: Path | None, strict: bool, as_json: bool) -> ExitCode:
    """Check eliza.json and list every problem.

    FILE is the one that the service reads, unless it is given; without it the variables of the environment
    are checked, too. Each error names the place, what was expected and what was found, each unknown key the
    nearest known one; the value of a secret is never shown.

    Exits with 0 when nothing is wrong (unknown keys have no effect and are only listed), otherwise with 2.
    """
    path = file or _usual()
    found = [] if file else _variables(path)
    if not (found and path.is_dir()):
        found += _found(path)
    wrong = [one for one in found if one["kind"] != "missing" and (strict or one["kind"] != "unknown")]
    if as_json:
        print_json({"ok": not wrong, "file": str(path), "problems": found})
    else:
        for one in found:
            where = "" if one["line"] is None else f":{one['line']}:{one['column']}"
            place = "" if one["kind"] in _WHOLE else f"{path}{where}: "
            click.echo(printable(f"{place}{one['message']}"))
        if not found:
            click.echo(
                printable(f"✓ {path} is valid." if path.exists() else f"✓ There is no {path}: defaults.")
            )
    return ExitCode.USAGE if wrong else ExitCode.DONE


def _usual() -> Path:
    try:
        return state_paths(os.environ).config
    except StoreError as error:
        raise CliError(str(error), exit_code=ExitCode.USAGE) from error


def _variables(path: Path) -> list[dict[str, Any]]:
    """Return what is wrong in the environment, as a start would see it."""
    found = installation(os.environ)
    if found.misread is not None:
        return [_member("variable", found.misread)]
    if missing_config(os.environ, state_paths(os.environ)):
        return [_member("missing", CONFIG_FILE_MISSING.occurred(path=path).message)]
    return []


def _found(path: Path) -> list[dict[str, Any]]:
    try:
        text = ConfigFile(path).parsed()
        document = ConfigFile(path).read()
    except ConfigError as error:
        return [_member("unreadable", str(error))]
    except StoreError as error:
        raise CliError(str(error)) from error
    offsets = key_offsets(text.text)
    problems = problems_in(document, allow_loopback=allows_loopback(os.environ))
    problems.sort(key=lambda one: offsets.get(one.path, 0))
    return [
        _described(one, position(text.text, offsets[one.path]) if one.path in offsets else None)
        for one in problems
    ]


#: Kinds of problems whose sentence names the place.
_WHOLE = frozenset({"unreadable", "variable", "missing"})


def _described(problem: SettingProblem, where: Position | None) -> dict[str, Any]:
    line, column = where or (None, None)
    return {
        **_member("unknown" if problem.expected is None else "wrong", problem.sentence),
        "path": shown(problem.path),
        "expected": problem.expected,
        "found": problem.found,
        "nearest": problem.nearest,
        "line": line,
        "column": column,
    }


def _member(kind: str, message: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("path", "expected", "found", "nearest", "line", "column"))
    return {"kind": kind, "message": message, **nothing}
