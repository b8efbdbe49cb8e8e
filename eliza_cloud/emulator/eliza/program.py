"""ELIZA in the doctor's role: find the strongest keyword, take the clause apart, put it back together.

It keeps no state of its own: what it may come back to is in what was said earlier, and so is the turn that
decides which of several lines is used. A restored conversation goes on exactly as it would have.
"""

import re
from collections.abc import Sequence
from typing import Final

from eliza_cloud.emulator.eliza.memory import recall
from eliza_cloud.emulator.eliza.pronouns import reflect
from eliza_cloud.emulator.eliza.script import KEYWORDS, NO_KEYWORD, REMEMBERED, SILENCE, Rule

_RULES: Final = [
    (re.compile(rule.pattern, re.IGNORECASE), rule)
    for keyword in sorted(KEYWORDS, key=lambda keyword: -keyword.rank)
    for rule in keyword.rules
]
_CLAUSES: Final = re.compile(r"[.!?;,\n]+|\bbut\b|\band\b(?=\s+(?:i|i'm|my)\b)", re.IGNORECASE)
_POSSESSION: Final = re.compile(r"\bmy (?!name\b)([a-z][\w-]*)", re.IGNORECASE)


def _put_together(rule: Rule, caught: re.Match[str], turn: int) -> str:
    line = rule.lines[turn % len(rule.lines)]
    if "{1}" not in line or not caught.lastindex:
        return line
    phrase = caught.group(1).strip(" '\"")
    return line.replace("{1}", reflect(phrase) if rule.reflected else phrase)


def reply(text: str, earlier: Sequence[str]) -> str:
    """Answer what the user says now, knowing what the user said before, oldest first."""
    turn = len(earlier)
    if not text.strip():
        return SILENCE
    remembered = recall(text, earlier)
    if remembered is not None:
        return remembered
    clauses = [clause.strip() for clause in _CLAUSES.split(text) if clause.strip()]
    for pattern, rule in _RULES:
        for clause in clauses:
            caught = pattern.search(clause)
            if caught:
                return _put_together(rule, caught, turn)
    subjects = [caught.group(1).lower() for said in earlier if (caught := _POSSESSION.search(said))]
    if subjects:
        return REMEMBERED[turn % len(REMEMBERED)].replace("{1}", subjects[turn % len(subjects)])
    return NO_KEYWORD[turn % len(NO_KEYWORD)]
