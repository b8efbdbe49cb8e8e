"""Keeping secrets out of the log: by the name of a member, by registered value, and by shape."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from eliza_cloud.core.hiding import hide
from eliza_cloud.core.secret import Secret

SHOWN = "[redacted]"

#: The last word of a member's name; `key_prefix` and `token_path` are no secrets, `api_key` and `token` are.
_SECRET_WORD = re.compile(
    r"(?:api)?keys?|tokens?|bearer|secrets?|passwords?|passphrase|authorization|cookies?|credentials?"
)
#: Whoever knows the id of a pending sign-in can collect its key (contract eliza-cloud-api §7).
_SECRET_NAMES = frozenset({"session_id", "browser_url"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
#: Keys of the cloud (contract eliza-cloud-api §4), bearer values, and sign-in ids inside URLs.
_SHAPES = (
    (re.compile(r"eliza_(?:[0-9a-fA-F]{64}|[0-9A-Za-z]{16,})"), SHOWN),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"',;]+"), rf"\1{SHOWN}"),
    (re.compile(r"(?i)((?:session(?:id)?=|cli-session/)(?:%20)?)[0-9A-Za-z._~%-]+"), rf"\1{SHOWN}"),
)


class Redaction:
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
        """Return the entry as plain data without secrets (a structlog processor)."""
        self._values.update(value for source in self._sources if (value := source()))
        return {self.text(str(name)): self._member(str(name), value) for name, value in entry.items()}

    def text(self, text: str) -> str:
        """Return valid Unicode without registered values, pieces of them, and what has a secret's shape."""
        text = text.encode("utf-8", "replace").decode("utf-8")
        text = hide(text, self._values, SHOWN)
        for shape, shown in _SHAPES:
            text = shape.sub(shown, text)
        return text

    def _member(self, name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, bool) and is_secret_name(name):
            return SHOWN
        return self._plain(value)

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int) and abs(value) < 2**53:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self._member(str(name), item) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(item) for item in value]
        if isinstance(value, msgspec.Struct):
            return self._plain(msgspec.structs.asdict(value))
        return self.text(str(value))


def is_secret_name(name: str) -> bool:
    """Tell whether a member of this name holds a secret: judged by its last word, in any spelling."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and bool(_SECRET_WORD.fullmatch(words[-1]) or "_".join(words) in _SECRET_NAMES)
