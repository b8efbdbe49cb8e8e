"""Taking secrets out of text, whole or cut: half a key in a log is a key that is half as hard to guess."""

from collections.abc import Iterable, Iterator

PIECE = 16
"""Characters in a row of a secret that are hidden; a shorter secret is hidden only as a whole."""


def hide(text: str, secrets: Iterable[str], shown: str, *, each: bool = False) -> str:
    """Return the text with `shown` in place of each secret and piece of one; `each`: of each character."""
    kept, end = "", 0
    for start, stop in _merged(sorted(span for secret in secrets for span in _spans(text, secret))):
        kept += text[end:start] + shown * (stop - start if each else 1)
        end = stop
    return kept + text[end:]


def _spans(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Yield where pieces of the secret are, overlapping."""
    size = min(len(secret), PIECE)
    if not size or len(text) < size:
        return
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
