"""Taking secrets out of text, whole or cut: half a key in a log is a key that is half as hard to guess."""

from collections.abc import Iterable, Iterator

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
