"""Markdown as the reference pages use it."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `eliza-cloud reference --write DIRECTORY`; changes by hand are lost. -->"


def page(title: str, *parts: str) -> str:
    """Return a page of a title and parts."""
    return "\n\n".join([f"# {title}", GENERATED, *parts]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: str) -> str:
    """Return a text as code."""
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
