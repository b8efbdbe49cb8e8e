"""`eliza-cloud replay`: run a recorded journal through the tables again."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import click
import msgspec

from eliza_cloud.cli.decorators import print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.text import printable
from eliza_cloud.core.journal.entries import AnyEntry, decode
from eliza_cloud.core.journal.replay import DivergedError, Replayed
from eliza_cloud.core.journal.replay import replay as replay_entries
from eliza_cloud.core.problems import JOURNAL_UNREADABLE, REPLAY_DIVERGED


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
def replay(file: BinaryIO, *, as_json: bool) -> None:
    """Replay a journal and verify every transition, without a service.

    FILE holds what `eliza-cloud events --json` printed; - is stdin. Exits 1 at the first transition
    that differs, 2 when a line is not an entry.
    """
    try:
        replayed = _replayed(file)
    except CliError as error:
        if as_json:
            print_json(error.body)
        raise
    if as_json:
        print_json({"ok": True, **msgspec.to_builtins(replayed)})
    else:
        click.echo(printable(_sentence(replayed)))


def _replayed(lines: Iterable[bytes]) -> Replayed:
    try:
        return replay_entries(_entries(lines))
    except DivergedError as error:
        raise CliError.of(REPLAY_DIVERGED, what=error) from error


def _entries(lines: Iterable[bytes]) -> Iterator[AnyEntry]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CliError.of(JOURNAL_UNREADABLE, ExitCode.USAGE, number=number, reason=error) from error


def _sentence(replayed: Replayed) -> str:
    if replayed.state is None and not replayed.gaps:
        return "Nothing was replayed: a replay begins at a checkpoint, and the journal holds none."
    ended = f"The link ended {replayed.state}." if replayed.state else "It ended in a gap."
    counted = [
        _count(replayed.steps, "step"),
        _count(replayed.starts, "start"),
        _count(replayed.moves, "move"),
        _count(replayed.gaps, "gap"),
    ]
    return f"Every transition was reproduced: {', '.join(counted)}. {ended}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
