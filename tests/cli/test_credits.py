"""`credits` in words, in JSON, and as an exit code."""

import pytest

OUTLOOK = {"canProvision": True, "minimumDeposit": 5.0, "hoursLeft": 73.8, "spendingPerHour": 0.21}
CREDITS = {
    "connected": True,
    "balance": 15.5,
    "low": False,
    "critical": False,
    "topUpUrl": "https://example.com/top-up",
    "outlook": OUTLOOK,
}


def told(service, run, *arguments, **changes):
    outlook = {**OUTLOOK, **changes.pop("outlook", {})}
    service.answers("GET", "/api/cloud/credits", {**CREDITS, "outlook": outlook, **changes})
    return run("credits", *arguments)


def test_json_is_the_services_body(service, run):
    ran = told(service, run, "--json")
    assert (ran.code, ran.lines, ran.err) == (0, [CREDITS], "")


def test_the_balance_in_words(service, run):
    ran = told(service, run)
    assert ran.code == 0
    assert [line.split(maxsplit=1)[-1] for line in ran.out.splitlines()] == [
        "$15.50",
        "about 3 days at $0.2100 an hour",
        "can be created and started",
        "up   https://example.com/top-up",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"balance": 1.5, "low": True}, "$1.50 (low)"),
        ({"balance": 0.2, "low": True, "critical": True}, "$0.20 (critical)"),
        ({"outlook": {"hoursLeft": None, "spendingPerHour": None}}, "not known yet"),
        ({"outlook": {"hoursLeft": None, "spendingPerHour": 0.0}}, "nothing is being spent"),
        ({"outlook": {"hoursLeft": 0.5}}, "about 30 min"),
        ({"outlook": {"canProvision": False}}, "cannot be created or started below $5.00"),
    ],
)
def test_what_matters_is_said(service, run, changes, words):
    assert words in told(service, run, **changes).out


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"connected": False}, 4, ("Nobody is signed in", "eliza-cloud login")),
        (
            {"connected": True, "authRejected": True, "error": "Bad key."},
            4,
            ("Bad key.", "eliza-cloud login"),
        ),
        ({"connected": True, "error": "unexpected response"}, 1, ("unexpected response",)),
    ],
)
def test_without_a_balance_it_fails_and_says_why(service, run, body, code, words):
    body = {"balance": None, **body}
    service.answers("GET", "/api/cloud/credits", body)
    ran = run("credits")
    assert (ran.code, ran.out) == (code, "")
    assert all(each in ran.err for each in words)
    assert run("credits", "--json").lines == [body]


def test_an_older_service_is_told_from_a_fault(service, run):
    service.answers("GET", "/api/cloud/credits", {key: CREDITS[key] for key in CREDITS if key != "outlook"})
    ran = run("credits")
    assert ran.code == 1
    assert "same version" in ran.err
