"""Tables for people."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eliza_cloud.cli.output.text import printable

WIDE = 200
"""The width of a table that goes to a file or a pipe, where nothing may be cut."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under column titles; no titles when `columns` are blank."""
    table = made_table(columns, rows)
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())


def made_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return the table, for whoever shows it again and again."""
    table = Table(box=None, pad_edge=False, show_header=any(columns), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
