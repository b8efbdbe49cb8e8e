"""What the log must never show."""

import msgspec
import pytest

from eliza_cloud.redaction.log import SHOWN, LogRedactor, is_secret_name
from eliza_cloud.redaction.secret import Secret

KEY = "eliza_" + "0123456789abcdef" * 4
CANARY = 'canary/with "quotes" and %signs%'


def redacted(**entry):
    redaction = LogRedactor()
    redaction.register(Secret(CANARY))
    return redaction(None, "info", entry)


@pytest.mark.parametrize(
    "name",
    [
        *("key", "api_key", "apiKey", "apikey", "X-Api-Key", "API_KEY", "ELIZAOS_CLOUD_API_KEY", "keys"),
        *("token", "access_token", "accessToken", "X-Eliza-Token", "tokens", "bearer"),
        *("Authorization", "proxy_authorization", "Cookie", "Set-Cookie", "password", "clientSecret"),
        *("credentials", "session_id", "sessionId", "browserUrl"),
    ],
)
def test_members_of_a_secret_name_are_hidden_at_any_depth(name):
    assert is_secret_name(name)
    assert redacted(**{name: "x"}) == {name: SHOWN}
    assert redacted(outer=[{"inner": {name: ["x"]}}]) == {"outer": [{"inner": {name: SHOWN}}]}


@pytest.mark.parametrize(
    "name",
    ["key_prefix", "keyPrefix", "key_number", "token_path", "agent_id", "event", "monkey", "path", ""],
)
def test_members_of_another_name_are_shown(name):
    assert redacted(**{name: "x"}) == {name: "x"}


def test_absence_of_a_secret_is_no_secret():
    assert redacted(key=None, token=False) == {"key": None, "token": False}


def test_registered_values_are_hidden_wherever_they_stand():
    class Odd:
        def __str__(self):
            return f"<odd {CANARY}>"

    class Body(msgspec.Struct):
        text: str
        key: str

    entry = redacted(
        event=f"said {CANARY}",
        nested={"a": [f"{CANARY}{CANARY}", (1, CANARY)], CANARY: 1},
        error=ValueError(CANARY),
        odd=Odd(),
        body=Body(CANARY, "plain"),
        content=CANARY.encode(),
    )
    assert CANARY not in str(entry)
    assert entry["event"] == f"said {SHOWN}"
    assert entry["nested"] == {"a": [SHOWN + SHOWN, [1, SHOWN]], SHOWN: 1}
    assert entry["body"] == {"text": SHOWN, "key": SHOWN}


def test_whatever_is_shaped_like_a_secret_is_hidden():
    assert redacted(a=f"got {KEY}.", b=f"x{KEY}x") == {"a": f"got {SHOWN}.", "b": f"x{SHOWN}x"}
    assert redacted(a="Authorization: Bearer abc.def-1") == {"a": f"Authorization: Bearer {SHOWN}"}
    session = "https://cloud.example/auth/cli-login?session=11111111-2222-4333-8444-555555555555&x=1"
    assert redacted(a=session) == {"a": f"https://cloud.example/auth/cli-login?session={SHOWN}&x=1"}
    polled = "GET /api/auth/cli-session/11111111-2222-4333-8444-555555555555 404"
    assert redacted(a=polled) == {"a": f"GET /api/auth/cli-session/{SHOWN} 404"}


def test_a_key_prefix_stays_readable():
    assert redacted(key_prefix="eliza_012345") == {"key_prefix": "eliza_012345"}


def test_a_key_that_comes_later_is_hidden_from_then_on_and_for_good():
    environ = {}
    redaction = LogRedactor([lambda: environ.get("KEY")])
    assert redaction(None, "info", {"a": "late-canary"}) == {"a": "late-canary"}
    environ["KEY"] = "late-canary"
    assert redaction(None, "info", {"a": "late-canary"}) == {"a": SHOWN}
    environ.clear()
    assert redaction(None, "info", {"a": "late-canary"}) == {"a": SHOWN}


def test_the_longer_of_two_overlapping_secrets_is_hidden_whole():
    redaction = LogRedactor()
    redaction.register(Secret("abc"))
    redaction.register(Secret("abcdef"))
    assert redaction.text("abcdef abc") == f"{SHOWN} {SHOWN}"


def test_what_no_encoder_takes_is_made_plain():
    entry = redacted(a="\ud800", b=2**80, c={1: {2}}, d=1.5)
    assert entry == {"a": "?", "b": str(2**80), "c": {"1": [2]}, "d": 1.5}
