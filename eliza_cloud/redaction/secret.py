"""The `Secret` type, and the removal of secrets from text, whole or in part.

Partial keys are redacted too. The cloud's own words come out without keys, on one line, of bounded length.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, final

import msgspec


@final
class Secret:
    """Holds a secret string; only `reveal()` gives it back.

    `repr`, `str` and formatting show a placeholder, pickling and copying into JSON fail, so a secret that
    strays into a log line, an exception or a response shows nothing.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("a secret must not be empty")
        self.__value = value

    def reveal(self) -> str:
        """Return the plain value, for the store and for the outbound header only."""
        return self.__value

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("<secret>", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.__value == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


PIECE = 16
"""Characters in a row of a secret that are hidden; a shorter secret is hidden only as a whole."""
_PROBE = 8
_STRIDE = PIECE - _PROBE + 1  # so that every piece, wherever it begins, holds a probe as a whole


def hide(text: str, secrets: Iterable[str], shown: str, *, each: bool = False) -> str:
    """Return the text with `shown` in place of each secret and piece of one; `each`: of each character."""
    suspects = [secret for secret in secrets if _may_hold(text, secret)]
    if not suspects:
        return text
    kept, end = "", 0
    for start, stop in _merged(sorted(span for secret in suspects for span in _spans(text, secret))):
        kept += text[end:start] + shown * (stop - start if each else 1)
        end = stop
    return kept + text[end:]


def _may_hold(text: str, secret: str) -> bool:
    """Tell, at the cost of a few searches, whether looking for each piece is worth while; it rarely is."""
    if len(secret) < PIECE:
        return bool(secret) and secret in text
    return len(text) >= PIECE and any(
        secret[start : start + _PROBE] in text for start in range(0, len(secret) - _PROBE + 1, _STRIDE)
    )


def _spans(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Yield where pieces of the secret are, overlapping."""
    size = min(len(secret), PIECE)
    for piece in {secret[start : start + size] for start in range(len(secret) - size + 1)}:
        found = text.find(piece)
        while found >= 0:
            yield found, found + size
            found = text.find(piece, found + 1)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join spans that overlap; what only touches are two secrets side by side."""
    start = end = 0
    for first, last in spans:
        if first >= end:
            if end:
                yield start, end
            start, end = first, last
        else:
            end = max(end, last)
    if end:
        yield start, end


_SHOWN = "<secret>"
_MAX_TEXT = 300
_MAX_MEMBER_BYTES = 4096
#: The shape of the cloud's keys (cloud-api §4), for keys this client does not hold.
KEY_SHAPE = re.compile(r"eliza_[0-9A-Za-z]{16,}")


class CloudTextRedactor:
    """Removes one key, and whatever looks like one, from what the cloud says."""

    def __init__(self, key: Secret | None) -> None:
        self._key = key

    def sentence(self, text: str) -> str:
        """Return the first line of a text: without keys and control characters, at most 300 characters."""
        lines = (self._hide(text).strip() or "").splitlines() or [""]
        line = " ".join("".join(c if c.isprintable() else " " for c in lines[0]).split()).rstrip(".")
        return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "…"

    def member(self, value: Any) -> Any:
        """Return a JSON value without keys, or None when it is larger than 4 KiB or nested without end."""
        try:
            if len(msgspec.json.encode(value)) > _MAX_MEMBER_BYTES:
                return None
            return self._without_key(value)
        except RecursionError:
            return None

    def document(self, document: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return what the cloud sent without the key it was asked with; None when nested without end.

        The cloud has no reason to send it back, so it costs one search. A key too short to be one is let be.
        """
        if self._key is None or document is None or len(self._key.reveal()) < PIECE:
            return document
        try:
            text, key = (msgspec.json.encode(value).decode() for value in (document, self._key.reveal()))
            return document if hide(text, [key[1:-1]], _SHOWN) == text else self._without_key(document)
        except RecursionError:
            return None

    def _without_key(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._hide(value)
        if isinstance(value, list):
            return [self._without_key(item) for item in value]
        if isinstance(value, dict):
            return {self._hide(str(name)): self._without_key(item) for name, item in value.items()}
        return value

    def _hide(self, text: str) -> str:
        if self._key is not None:
            text = hide(text, [self._key.reveal()], _SHOWN)
        return KEY_SHAPE.sub(_SHOWN, text)
