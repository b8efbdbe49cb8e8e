"""The README as data: its sections, tables and shell blocks."""

import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
REFERENCE = Path(__file__).parents[2] / "eliza_cloud" / "reference"


def section(title: str) -> str:
    """The text below a heading, to the next one of its rank or a higher one."""
    rank = title.split(" ", maxsplit=1)[0]
    rest = README.split(f"\n{title}\n", maxsplit=1)[1]
    return re.split(rf"^#{{1,{len(rank)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, without head and rule."""
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [line.strip("|") for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def spans(text: str) -> list[str]:
    """What is written as code within lines."""
    return re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
