"""The doctor's script: ranked keywords, decomposition rules, reassembly lines; `{1}` is what was caught."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over one clause and the lines it can be answered with, used in turn."""

    pattern: str
    lines: tuple[str, ...]
    reflected: bool = True


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word the doctor listens for; of several in one clause the highest rank speaks."""

    word: str
    rank: int
    rules: tuple[Rule, ...]


NO_KEYWORD = (
    "I see. Please go on.",
    "What comes to mind when you say that?",
    "Tell me a little more about that.",
    "How long has this been on your mind?",
    "And how does that leave you feeling?",
)

REMEMBERED = (
    "A while ago you spoke of your {1}. Does this have to do with it?",
    "I am still thinking about your {1}. Is it connected?",
    "Let us come back to your {1} for a moment.",
)

SILENCE = "You are quiet. I have time."

KEYWORDS = (
    Keyword(
        "sorry",
        1,
        (
            Rule(
                r"\bsorry\b", ("There is nothing to forgive.", "No need to apologise. What made you want to?")
            ),
        ),
    ),
    Keyword(
        "name",
        15,
        (
            Rule(
                r"\b(?:my name is|my name's|call me)\s+(.+)",
                ("I am glad to know you, {1}.", "Thank you, {1}. I will remember."),
                reflected=False,
            ),
            Rule(r"\byour name\b", ("They call me the doctor. But we were talking about you.",)),
        ),
    ),
    Keyword(
        "computer",
        50,
        (
            Rule(
                r"\bcomputers?\b",
                ("Do machines trouble you?", "What would you ask of a machine, if you could?"),
            ),
        ),
    ),
    Keyword(
        "dream",
        8,
        (
            Rule(
                r"\bi dreamt? (?:of|about|that) (.+)",
                ("What does {1} bring back?", "Is {1} close to your days, too?"),
            ),
            Rule(r"\bdreams?\b", ("What do your dreams tell you?", "Who is with you in your dreams?")),
        ),
    ),
    Keyword(
        "remember",
        6,
        (
            Rule(r"\bi remember (.+)", ("What else belongs to {1}?", "Why does {1} come to you now?")),
            Rule(r"\bdo you remember (.+)", ("What about {1} should I hold on to?",)),
        ),
    ),
    Keyword("if", 3, (Rule(r"\bif (.+)", ("How likely is it that {1}?", "And suppose {1}: what then?")),)),
    Keyword(
        "mother",
        12,
        (
            Rule(
                r"\b(?:my )?(?:mother|mum|mom)\b",
                ("Tell me about your mother.", "How are things with your mother?"),
            ),
        ),
    ),
    Keyword(
        "father",
        12,
        (
            Rule(
                r"\b(?:my )?(?:father|dad)\b",
                ("Tell me about your father.", "What did your father teach you?"),
            ),
        ),
    ),
    Keyword(
        "family",
        10,
        (
            Rule(
                r"\bfamily\b",
                ("Who in your family would understand this?", "Tell me more about your family."),
            ),
        ),
    ),
    Keyword(
        "sad",
        9,
        (
            Rule(
                r"\b(?:i am|i'm|i feel) (sad|unhappy|depressed|lonely|tired|afraid|anxious)\b",
                ("I am sorry that you are {1}. Since when?", "What would make you less {1}?"),
            ),
        ),
    ),
    Keyword(
        "happy",
        9,
        (
            Rule(
                r"\b(?:i am|i'm|i feel) (happy|glad|better|well|proud)\b",
                ("What made you {1}?", "It is good to hear that you are {1}. Who else knows?"),
            ),
        ),
    ),
    Keyword(
        "want",
        5,
        (
            Rule(
                r"\bi (?:want|need|wish for) (.+)",
                ("What would change if you got {1}?", "Why {1}, of all things?"),
            ),
        ),
    ),
    Keyword("feel", 5, (Rule(r"\bi feel (.+)", ("When did you last feel {1}?", "Do you often feel {1}?")),)),
    Keyword(
        "like",
        4,
        (
            Rule(
                r"\bi (?:really |also |still )?(?:like|love|enjoy) (.+)",
                ("What is it about {1}?", "Since when have you cared for {1}?"),
            ),
            Rule(
                r"\bi (?:really |also |still )?(?:hate|dislike|fear) (.+)",
                ("What did {1} do to you?", "Has it always been so with {1}?"),
            ),
        ),
    ),
    Keyword(
        "can't",
        4,
        (Rule(r"\bi (?:can't|cannot|can not) (.+)", ("What keeps you from it?", "Have you tried to {1}?")),),
    ),
    Keyword(
        "because",
        2,
        (
            Rule(
                r"\bbecause (.+)",
                ("Is that the real reason?", "Would there be another reason, besides that {1}?"),
            ),
        ),
    ),
    Keyword(
        "i am",
        2,
        (
            Rule(
                r"\b(?:i am|i'm) (.+)",
                ("How long have you been {1}?", "Is it because you are {1} that you came?"),
            ),
        ),
    ),
    Keyword(
        "you",
        2,
        (
            Rule(
                r"\b(?:you are|you're) (.+)",
                ("What makes you think that I am {1}?", "Would you like me to be {1}?"),
            ),
            Rule(
                r"\b(?:can|could|will|would) you (.+)",
                ("You would like me to {1}?", "Perhaps you could {1} yourself."),
            ),
            Rule(r"\byou (.+) me\b", ("Why do you think that I {1} you?", "Who else does {1} you?")),
        ),
    ),
    Keyword(
        "my",
        2,
        (
            Rule(
                r"\bmy (.+)",
                ("Your {1}?", "What does it mean to you that your {1}?", "Say more about your {1}."),
            ),
        ),
    ),
    Keyword("i", 1, (Rule(r"\bi (.+)", ("You {1}?", "Can you say more about why you {1}?")),)),
    Keyword(
        "always",
        1,
        (Rule(r"\balways\b", ("Always? Can you think of a particular time?", "Since when, always?")),),
    ),
    Keyword(
        "everyone",
        1,
        (
            Rule(
                r"\b(?:everyone|everybody|nobody|no one)\b",
                ("Whom do you have in mind?", "Really, all of them?"),
            ),
        ),
    ),
    Keyword(
        "why",
        1,
        (Rule(r"\bwhy\b", ("What answer would help you most?", "What do you think yourself?")),),
    ),
    Keyword("yes", 0, (Rule(r"^(?:yes|yeah|yep)\b", ("You sound certain.", "Good. And then?")),)),
    Keyword("no", 0, (Rule(r"^(?:no|nope)\b", ("Why not?", "You say no quickly. What is behind it?")),)),
    Keyword(
        "hello",
        0,
        (
            Rule(
                r"^(?:hello|hi|hey|good (?:morning|day|evening))\b",
                ("How do you do. What would you like to talk about?", "Hello again. What is on your mind?"),
            ),
        ),
    ),
)
