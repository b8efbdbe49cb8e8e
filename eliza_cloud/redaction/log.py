"""Keeping secrets out of the log: by the name of a member, by registered value, and by shape."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from eliza_cloud.redaction.secret import Secret, hide

SHOWN = "[redacted]"

#: The last word of a member's name; `key_prefix` and `token_path` are no secrets, `api_key` and `token` are.
_SECRET_WORD = re.compile(
    r"(?:api)?keys?|tokens?|bearer|secrets?|passwords?|passphrase|authorization|cookies?|credentials?"
)
#: Whoever knows the id of a pending sign-in can collect its key (cloud-api §7).
_SECRET_NAMES = frozenset({"session_id", "browser_url"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
#: Keys of the cloud (cloud-api §4), bearer values, and sign-in ids inside URLs. The first word
#: is in every text with the shape, in lower case; most texts hold none, and are let pass for that.
_SHAPES = (
    ("eliza_", re.compile(r"eliza_(?:[0-9a-fA-F]{64}|[0-9A-Za-z]{16,})"), SHOWN),
    ("bearer", re.compile(r"(?i)\b(bearer\s+)[^\s\"',;]+"), rf"\1{SHOWN}"),
    (
        "session",
        re.compile(r"(?i)((?:session(?:id)?=|cli-session/)(?:%20)?)[0-9A-Za-z._~%-]+"),
        rf"\1{SHOWN}",
    ),
)


class LogRedactor:
    """Removes secrets from a log entry; the last processor before rendering.

    Besides what is registered it asks `sources` at each entry, for a key that came after the start; a value
    that was seen once stays hidden.
    """

    def __init__(self, sources: Iterable[Callable[[], str | None]] = ()) -> None:
        self._sources = tuple(sources)
        self._values: set[str] = set()

    def register(self, secret: Secret) -> None:
        """Hide this value wherever it appears from now on."""
        self._values.add(secret.reveal())

    def __call__(self, _logger: object, _method: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entry as plain data without secrets (a structlog processor).

        Hardly any entry holds one, so all its texts are searched as one, and one by one only after a find.
        """
        self._ask_sources()
        texts: list[str] = []

        def as_it_is(text: str) -> str:
            texts.append(text)
            return text

        plain = _members(entry, as_it_is)
        whole = "\n".join(texts)
        return plain if self.text(whole) == whole else _members(entry, self.text)

    def text(self, text: str) -> str:
        """Return valid Unicode without registered values, pieces of them, and what has a secret's shape."""
        text = text.encode("utf-8", "replace").decode("utf-8")
        text = hide(text, self._values, SHOWN)
        lower = text.lower()
        for word, shape, shown in _SHAPES:
            if word in lower:
                text = shape.sub(shown, text)
        return text

    def finds_in(self, text: str) -> bool:
        """Tell whether a text holds a secret, or a piece of one."""
        self._ask_sources()
        return self.text(text) != text

    def _ask_sources(self) -> None:
        self._values.update(value for source in self._sources if (value := source()))


def _members(entry: Mapping[str, Any], shown: Callable[[str], str]) -> dict[str, Any]:
    """Return a mapping as plain data: texts as `shown` gives them, members that are secret hidden."""
    return {
        shown(str(name)): SHOWN if _is_secret(str(name), value) else _plain(value, shown)
        for name, value in entry.items()
    }


def _is_secret(name: str, value: Any) -> bool:
    return value is not None and not isinstance(value, bool) and is_secret_name(name)


def _plain(value: Any, shown: Callable[[str], str]) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return _members(value, shown)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, shown) for item in value]
    if isinstance(value, msgspec.Struct):
        return _members(msgspec.structs.asdict(value), shown)
    return shown(str(value))


@functools.lru_cache(1024)
def is_secret_name(name: str) -> bool:
    """Tell whether a member of this name holds a secret: judged by its last word, in any spelling."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and bool(_SECRET_WORD.fullmatch(words[-1]) or "_".join(words) in _SECRET_NAMES)
