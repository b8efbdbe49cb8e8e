"""The text of eliza.json: JSON5 in, plain JSON out.

Plain JSON is tried first, with the standard parser: it shows duplicate names, keeps long numbers and lone
surrogates, and is a thousand times faster than the JSON5 one, which is written in Python (8 µs a character).
"""

import json
import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import json5

from eliza_cloud.store.errors import ConfigError

MAX_JSON = 1024 * 1024  # characters
MAX_JSON5 = 128 * 1024  # about a second of parsing
MAX_SHOWN = 24  # characters of a value; longer ones are more likely secrets than settings
MAX_DEPTH = 40  # the JSON5 parser gives up soon after

_JSON5_POSITION = re.compile(r"<string>:(\d+) (.*) at column (\d+)", re.DOTALL)


class ConfigText:
    """A parsed file: `document`, and whether a rewrite as plain JSON loses something (`plain` is False)."""

    __slots__ = ("document", "plain", "text")

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.document, self.plain = _parsed(text, where)


def decode(content: bytes, where: str) -> str:
    """Return the text of the file's bytes; ConfigError when too large or not UTF-8."""
    if len(content) > MAX_JSON:
        raise ConfigError(f"{where}: larger than {MAX_JSON} bytes; move what is not configuration elsewhere.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: not UTF-8 text at byte {error.start}; save it as UTF-8.") from None


def render(document: dict[str, Any]) -> str:
    """Return plain JSON with two spaces and a final newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def encode(text: str) -> bytes:
    """Return UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes the JSON escape it came from."""
    return text.encode("utf-8", "backslashreplace")


def _parsed(text: str, where: str) -> tuple[dict[str, Any], bool]:
    if not text.strip():
        return {}, True
    try:
        document, plain = _loaded(text, where)
    except RecursionError:
        raise _too_deep(where) from None
    if not isinstance(document, dict):
        raise ConfigError(
            f"{where}: expected an object at the top, found {describe(document)}; put {{ }} around it."
        )
    if _depth_exceeds(document, MAX_DEPTH):
        raise _too_deep(where)
    return document, plain


def _loaded(text: str, where: str) -> tuple[Any, bool]:
    unique = partial(_unique, where)
    try:
        return json.loads(text, object_pairs_hook=unique), True
    except json.JSONDecodeError as error:
        if len(text) > MAX_JSON5:
            raise ConfigError(
                f"{where}: line {error.lineno}, column {error.colno}: {error.msg}; correct it"
                f" (a file of more than {MAX_JSON5} characters must be plain JSON)."
            ) from None
    except ValueError:
        raise _too_long(where) from None
    try:
        document = json5.loads(text, object_pairs_hook=unique)
    except ValueError as error:
        raise ConfigError(_json5_sentence(where, str(error))) from None
    try:
        json.dumps(document)
    except ValueError:  # a hexadecimal number beyond what decimal conversion allows
        raise _too_long(where) from None
    return document, False


def _unique(where: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ConfigError(f"{where}: {describe(name)} appears twice in one object; keep one of them.")
        members[name] = value
    return members


def _json5_sentence(where: str, message: str) -> str:
    found = _JSON5_POSITION.match(message)
    if found is None:
        return f"{where}: not valid JSON5; correct it or move the file away."
    line, problem, column = found.groups()
    problem = problem.replace("\n", "line break").replace("Unexpected", "unexpected")
    problem = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in problem)
    return f"{where}: line {line}, column {column}: {problem}; correct it or move the file away."


def _too_long(where: str) -> ConfigError:
    return ConfigError(f"{where}: a number has too many digits; shorten it.")


def _too_deep(where: str) -> ConfigError:
    return ConfigError(f"{where}: nested deeper than {MAX_DEPTH} levels; flatten it.")


def _depth_exceeds(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def describe(value: Any) -> str:
    """Return what was found, short enough for a sentence; a long text is not shown, it may be a secret."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        return f"a text of {len(value)} characters"
    shown = json.dumps(value, ensure_ascii=True)
    return shown if len(shown) <= 60 else shown[:57] + "..."
