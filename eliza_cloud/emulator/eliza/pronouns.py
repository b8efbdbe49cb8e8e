"""Turning a phrase round: what was said about me becomes what is said to you."""

WORDS = {
    "i": "you",
    "i'm": "you are",
    "i've": "you have",
    "i'd": "you would",
    "i'll": "you will",
    "am": "are",
    "my": "your",
    "mine": "yours",
    "me": "you",
    "myself": "yourself",
    "we": "you",
    "our": "your",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "you're": "I am",
    "you've": "I have",
    "you'll": "I will",
}
_BEFORE_A_SUBJECT = frozenset({"that", "if", "because", "when", "why", "and", "think", "say"})


def reflect(phrase: str) -> str:
    """The phrase from the other side: I becomes you, my becomes your, and the other way round."""
    turned: list[str] = []
    before = ""
    for word in phrase.split():
        bare = word.strip("\"'()").lower()
        if bare == "you":
            turned.append("I" if not before or before in _BEFORE_A_SUBJECT else "me")
        elif bare == "are" and before == "you":
            turned[-1:] = ["I", "am"]
        elif bare == "was" and before == "i":
            turned.append("were")
        else:
            turned.append(WORDS.get(bare, word))
        before = bare
    return " ".join(turned)
