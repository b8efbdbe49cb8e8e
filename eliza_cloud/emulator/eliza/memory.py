"""What the agent remembers: facts the user told it, found again in the conversation when asked about them."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from eliza_cloud.emulator.eliza.pronouns import reflect

_SENTENCES: Final = re.compile(r"[.!;\n]+|,?\s+(?:and|but)\s+(?=(?:i|i'm|my|call)\b)", re.IGNORECASE)
_GREETING: Final = re.compile(r"^(?:hi|hello|hey|well|yes|no|oh)\b[\s,]*", re.IGNORECASE)
_NAME: Final = re.compile(r"^(?:my name is|my name's|i am called|i'm called|call me)\s+(.+)", re.IGNORECASE)
_THING: Final = re.compile(r"^my ([\w][\w' -]*?) (?:is|are|was) (.+)", re.IGNORECASE)
_DEED: Final = re.compile(
    r"^i (?:really |also |still )?(like|love|enjoy|hate|want|need|live|work|come|have|own) (.+)",
    re.IGNORECASE,
)
_BEING: Final = re.compile(r"^(?:i am|i'm) (.+)", re.IGNORECASE)

_ASKS_NAME: Final = re.compile(
    r"\bwhat(?:'s| is| was) my name\b|\bwho am i\b|\b(?:know|remember|recall) my name\b|\bmy name\s*\?",
    re.IGNORECASE,
)
_ASKS_ALL: Final = re.compile(
    r"\bwhat (?:did i (?:tell|say)|have i (?:told|said)|do you (?:remember|know))\b"
    r"|\bdo you remember (?:me|anything|what i)\b",
    re.IGNORECASE,
)
_ASKS_DEED: Final = re.compile(
    r"\b(?:what|where|whom?) do i (like|love|enjoy|hate|want|need|live|work|come|have|own)\b", re.IGNORECASE
)
_ASKS_THING: Final = re.compile(
    r"\b(?:what|who|where|when)(?:'s| is| are| was) my ([\w][\w' -]*)", re.IGNORECASE
)

_ASIDE: Final = re.compile(r"\s+(?:called|named|again|now|today|like)$")

_MOST_TOLD = 6


def _sentences(said: Iterable[str]) -> list[str]:
    parts = (part for text in said for part in _SENTENCES.split(text) if not text.rstrip().endswith("?"))
    return [clean for part in parts if (clean := _GREETING.sub("", part.strip()).strip(" ,"))]


def _last(values: Sequence[str]) -> str | None:
    return values[-1] if values else None


def _joined(values: Sequence[str]) -> str:
    unique = list(dict.fromkeys(values))
    return unique[0] if len(unique) == 1 else f"{', '.join(unique[:-1])} and {unique[-1]}"


def _told(sentence: str) -> str | None:
    """A statement about the user, turned round: "I like tea" is "you like tea"."""
    if found := _NAME.match(sentence):
        return f"your name is {found.group(1)}"
    if _THING.match(sentence):
        return reflect(sentence)
    if found := _BEING.match(sentence):
        return f"you are {reflect(found.group(1))}"
    return reflect(sentence) if _DEED.match(sentence) else None


def recall(question: str, earlier: Sequence[str]) -> str | None:
    """The answer to a question about what the user said earlier; None when this is no such question."""
    sentences = _sentences(earlier)
    if _ASKS_NAME.search(question):
        name = _last([found.group(1) for each in sentences if (found := _NAME.match(each))])
        return f"Your name is {name}." if name else "You have not told me your name."
    if _ASKS_ALL.search(question):
        told = [statement for each in sentences if (statement := _told(each))]
        if not told:
            return "You have not told me anything about yourself yet."
        return f"You told me that {_joined([*dict.fromkeys(told)][-_MOST_TOLD:])}."
    if found := _ASKS_DEED.search(question):
        verb = found.group(1).lower()
        deeds = [deed for each in sentences if (deed := _DEED.match(each)) and deed.group(1).lower() == verb]
        if not deeds:
            return (
                f"You have not told me what you {verb}."
                if verb not in ("live", "work")
                else "You have not told me."
            )
        return f"You told me that you {verb} {reflect(_joined([deed.group(2) for deed in deeds]))}."
    if found := _ASKS_THING.search(question):
        thing = _ASIDE.sub("", found.group(1).strip().lower())
        values = [
            fact.group(2)
            for each in sentences
            if (fact := _THING.match(each)) and fact.group(1).lower() == thing
        ]
        value = _last(values)
        return f"Your {thing} is {reflect(value)}." if value else f"You have not told me about your {thing}."
    return None
