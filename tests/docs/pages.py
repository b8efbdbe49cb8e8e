"""The README and the pages of the reference as data: sections, tables, links and fenced blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
REFERENCE = ROOT / "eliza_cloud" / "reference"
WALKED = ("guide", "routes", "running", "upgrading")
"""The pages whose commands are run."""


def page(name: str) -> str:
    """The text of a page of the reference."""
    return (REFERENCE / f"{name}.md").read_text("utf-8")


def section(text: str, title: str) -> str:
    """The text below a heading, to the next one of its rank or a higher one."""
    rank = title.split(" ", maxsplit=1)[0]
    rest = text.split(f"\n{title}\n", maxsplit=1)[1]
    return re.split(rf"^#{{1,{len(rank)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, without head and rule."""
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [line.strip("|") for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def spans(text: str) -> list[str]:
    """What is written as code within lines."""
    return re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the JSON block that follows at once, or ""."""

    language: str
    text: str
    answer: str

    @property
    def commands(self) -> list[str]:
        """Its lines, continued ones joined, without the prompts of a `console`."""
        lines = re.sub(r"\s*\\\n\s*", " ", self.text).splitlines()
        return [line.removeprefix("$ ").removeprefix("# ") for line in lines if line.strip()]


def blocks(text: str, *languages: str) -> list[Block]:
    """Every fenced block in one of these languages, in order."""
    fenced = re.compile(r"^```(\w*)\n(.*?)^```\n(?:```json\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
    found = [Block(match[1], match[2], match[3] or "") for match in fenced.finditer(text)]
    return [block for block in found if block.language in languages]
