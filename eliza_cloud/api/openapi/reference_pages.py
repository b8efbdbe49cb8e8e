"""The pages of the reference: Markdown in `eliza_cloud/reference`, as text and for a browser."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_DIRECTORY = files("eliza_cloud").joinpath("reference")
_SUFFIX = ".md"
#: HTML in a page is escaped.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def page_names() -> tuple[str, ...]:
    """Return the name of every page, in order."""
    found = (one.name for one in _DIRECTORY.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def page_text(name: str) -> str:
    """Return a page as it is written; raises KeyError for a name that is none."""
    if name not in page_names():
        raise KeyError(name)
    return _DIRECTORY.joinpath(name + _SUFFIX).read_text(encoding="utf-8")


def page_title(name: str) -> str:
    """Return a page's heading; raises KeyError."""
    return page_text(name).partition("\n")[0].removeprefix("# ")


def page_html(name: str) -> str:
    """Return a page as HTML, every heading with an id to link to; raises KeyError."""
    lines = page_text(name).splitlines(keepends=True)
    tokens = _MARKDOWN.parse("".join(line for line in lines if not line.startswith("<!--")))
    for token, text in _headings(tokens):
        token.attrSet("id", heading_id(text))
    for token in tokens:
        for part in token.children or ():
            if part.type == "link_open":
                part.attrSet("href", _link(str(part.attrGet("href"))))
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def headings(name: str) -> list[str]:
    """Return the text of every heading of a page but its title, without marks; raises KeyError."""
    return [text for token, text in _headings(_MARKDOWN.parse(page_text(name))) if token.tag != "h1"]


def heading_id(text: str) -> str:
    """Return what a link to a heading ends in: as code hosts write it, so that links hold there, too."""
    kept = "".join(one for one in text.lower() if one.isalnum() or one in " -_")
    return kept.replace(" ", "-")


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            yield token, "".join(part.content for part in inline.children or ())


def _link(target: str) -> str:
    """Return where a link between pages leads at the service; others stay as they are."""
    name, mark, rest = target.partition("#")
    page = name.removesuffix(_SUFFIX)
    return f"/docs/{page}{mark}{rest}" if page != name and page in page_names() else target
