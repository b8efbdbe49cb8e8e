"""ELIZA: keywords, reflection, memory."""

import pytest

from eliza_cloud.emulator.eliza.program import reply
from eliza_cloud.emulator.eliza.pronouns import reflect


@pytest.mark.parametrize(
    ("phrase", "turned"),
    [
        ("my mother hates me", "your mother hates you"),
        ("I was happy", "you were happy"),
        ("you are like my father", "I am like your father"),
        ("because you hate me", "because I hate you"),
        ("I gave you my book", "you gave me your book"),
    ],
)
def test_a_phrase_is_turned_round(phrase, turned):
    assert reflect(phrase) == turned


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("My name is Ada.", "I am glad to know you, Ada."),
        ("I am sad because you left me", "I am sorry that you are sad. Since when?"),
        ("I want a new bicycle", "What would change if you got a new bicycle?"),
        ("I like my old computer", "Do machines trouble you?"),
        ("You are my friend", "What makes you think that I am your friend?"),
        ("It rains", "I see. Please go on."),
        ("   ", "You are quiet. I have time."),
    ],
)
def test_the_strongest_keyword_speaks(text, answer):
    assert reply(text, []) == answer


def test_lines_take_turns():
    first, second = reply("It rains", ["a"]), reply("It rains", ["a", "b"])
    assert first != second


def test_without_a_keyword_it_comes_back_to_what_was_said():
    assert "garden" in reply("It rains", ["My garden is dry"])


SAID = [
    "Hello, my name is Ada and I like tea.",
    "My dog is called Rex.",
    "I live in London.",
    "I like long walks",
]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is my name?", "Your name is Ada."),
        ("what's my name", "Your name is Ada."),
        ("Do you remember my name?", "Your name is Ada."),
        ("What do I like?", "You told me that you like tea and long walks."),
        ("Where do I live?", "You told me that you live in London."),
        ("What is my dog called?", "Your dog is called Rex."),
        (
            "What did I tell you?",
            (
                "You told me that your name is Ada, you like tea, your dog is called Rex, you live in London "
                "and you like long walks."
            ),
        ),
        ("What do I hate?", "You have not told me what you hate."),
        ("What is my cat called?", "You have not told me about your cat."),
    ],
)
def test_it_answers_from_what_it_was_told(question, answer):
    assert reply(question, SAID) == answer


def test_the_latest_name_counts_and_questions_are_no_facts():
    assert (
        reply("What is my name?", ["My name is Ada", "My name is Grace", "Is my name Eve?"])
        == "Your name is Grace."
    )


def test_with_nothing_told_it_says_so():
    assert reply("What is my name?", []) == "You have not told me your name."
    assert reply("What did I tell you?", ["It rains"]) == "You have not told me anything about yourself yet."
