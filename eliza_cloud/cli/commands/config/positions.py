"""Where the keys of a JSON5 text stand."""

import json
import re
from collections.abc import Iterator

Path = tuple[str, ...]
Position = tuple[int, int]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<mark>[{}\[\]:,])
      | (?P<word>[^\s{}\[\]:,"'/]+)
      | (?P<stray>.)""",
    re.DOTALL | re.VERBOSE,
)


def key_offsets(text: str) -> dict[Path, int]:
    """Return where each key stands in the text, by its path; those in lists are left out.

    `text` is one that the JSON5 parser takes. A key written with escapes that are not JSON's is left out.
    """
    offsets: dict[Path, int] = {}
    # Each open bracket: the key that led to it, and whether it is an object's.
    path: list[str | None] = []
    in_object: list[bool] = []
    key: str | None = None
    candidate: tuple[str | None, int] = (None, 0)
    for kind, piece, offset in _tokens(text):
        if kind != "mark":
            candidate = (_name(kind, piece), offset)
        elif piece == ":":
            key, at = candidate
            if key is not None and all(in_object) and None not in path[1:]:
                names = (*(name for name in path[1:] if name is not None), key)
                offsets[names] = at
        elif piece in "{[":
            path.append(key)
            in_object.append(piece == "{")
            key = None
        elif piece in "}]":
            path.pop()
            in_object.pop()
            key = None
        else:
            key = None
    return offsets


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "stray"
        if kind != "skip":
            yield kind, found.group(), found.start()


def _name(kind: str, token: str) -> str | None:
    if kind != "string":
        return token
    try:
        return str(json.loads(f'"{token[1:-1]}"'))
    except ValueError:
        return None if "\\" in token else token[1:-1]


def position(text: str, offset: int) -> Position:
    """Return line and column of an offset, both counted from 1."""
    before = text[:offset]
    line = before.count("\n") + 1
    return line, offset - before.rfind("\n")
