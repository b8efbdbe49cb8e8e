"""What somebody may have meant by a word that is not known."""

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question that names the nearest known words; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed only where something is wrong

    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(word.lower(), by_lower, n=3)
    if word and not near:
        near = [lower for lower in by_lower if lower.startswith(word.lower())][:3]
    return f"Did you mean {' or '.join(repr(by_lower[lower]) for lower in near)}?" if near else ""
