"""What a start costs: shown and asked for, or accepted by options; never by itself."""

import pytest

from tests.cli.conftest import AGENT, Answer, in_a_terminal

NEW = "7d0c1b1e-52a4-4f7e-8f0b-2a6c9d3e4f55"
VALUE = "dedicated-compute-v1:USD:0.150000:0.300000"
PRICING = {
    "currency": "USD",
    "hourlyRateUsd": 0.15,
    "minimumActivationChargeUsd": 0.3,
    "acceptanceValue": VALUE,
}
IN_WORDS = "$0.15 for each hour, with a minimum of $0.30 whenever it is started"
WITHIN = ("--max-hourly", "0.15", "--max-start", "0.3")
LINKED = {"ok": True, "agentId": AGENT, "agentName": "ada", "status": "connected"}
COMMANDS = [
    (("connect", AGENT), f"/api/cloud/agents/{AGENT}/connect", LINKED),
    (("provision", AGENT), f"/api/cloud/agents/{AGENT}/provision", LINKED),
    (("resume", AGENT), f"/api/cloud/agents/{AGENT}/resume", {"ok": True, "status": "running"}),
    (("restart", AGENT), f"/api/cloud/agents/{AGENT}/restart", {"ok": True, "status": "running"}),
    (
        ("create", "ada", "--dedicated"),
        "/api/cloud/agents",
        Answer({"ok": True, "agent": {"id": AGENT, "executionTier": "dedicated-always"}}, 201),
    ),
]
each_command = pytest.mark.parametrize(("command", "path", "body"), COMMANDS, ids=lambda one: str(one)[:20])


def refused(**changes):
    pricing = {**PRICING, **changes}
    return Answer(
        {"ok": False, "error": "It costs.", "code": "price_confirmation_required", "pricing": pricing}, 428
    )


def accepted(service):
    """The price that each call accepted."""
    return [(asked.body or {}).get("acceptPrice") for asked in service.requests("POST")]


@each_command
def test_without_consent_nothing_is_started_and_the_price_is_said(service, run, command, path, body):
    service.answers("POST", path, refused(), body)
    ran = run("agents", *command)
    assert ran.code == 1
    assert IN_WORDS in ran.err
    assert f"--accept-price {VALUE}" in ran.err
    assert "--max-hourly 0.15 --max-start 0.3" in ran.err
    assert accepted(service) == [None]


@each_command
def test_a_price_within_both_limits_is_accepted_by_its_value(service, run, command, path, body):
    service.answers("POST", path, refused(), body)
    assert run("agents", *command, *WITHIN).code == 0
    assert accepted(service) == [None, VALUE]


@each_command
def test_one_price_is_accepted_by_its_value(service, run, command, path, body):
    service.answers("POST", path, body)
    assert run("agents", *command, "--accept-price", VALUE).code == 0
    assert accepted(service) == [VALUE]


@pytest.mark.parametrize("limits", [("0.14", "9"), ("9", "0.29"), ("0", "0")])
def test_a_price_above_one_of_the_limits_is_not_accepted(service, run, limits):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", refused(), LINKED)
    ran = run("agents", "connect", AGENT, "--max-hourly", limits[0], "--max-start", limits[1])
    assert (ran.code, accepted(service)) == (1, [None])
    assert IN_WORDS in ran.err


def test_a_price_in_another_currency_is_within_no_limits(service, run):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", refused(currency="EUR"), LINKED)
    assert run("agents", "connect", AGENT, *WITHIN).code == 1
    assert accepted(service) == [None]


@pytest.mark.parametrize("option", ["--max-hourly", "--max-start"])
def test_one_limit_alone_is_wrong_usage(service, run, option):
    ran = run("agents", "connect", AGENT, option, "1")
    assert ran.code == 2
    assert service.requests("POST") == []


def test_a_price_that_has_changed_is_not_accepted_by_the_old_value(service, run):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", refused(), LINKED)
    ran = run("agents", "connect", AGENT, "--accept-price", "old")
    assert (ran.code, accepted(service)) == (1, ["old"])
    assert IN_WORDS in ran.err


def test_a_cloud_that_asks_for_the_same_price_for_ever_is_not_asked_for_ever(service, run):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", refused())
    assert run("agents", "connect", AGENT, *WITHIN).code == 1
    assert accepted(service) == [None, VALUE]


def test_the_refusal_in_json_is_the_services_body(service, run):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", refused())
    assert run("agents", "connect", AGENT, "--json").lines == [refused().body]


def test_a_restart_without_consent_says_that_the_agent_is_stopped(service, run):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/restart", refused())
    assert "The agent is stopped now, and was not started again." in run("agents", "restart", AGENT).err


@pytest.mark.parametrize(("typed", "values"), [("y\n", [None, VALUE]), ("n\n", [None]), ("\n", [None])])
def test_on_a_terminal_the_price_is_asked_for(service, typed, values):
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", refused(), LINKED)
    output = in_a_terminal("agents", "connect", AGENT, typed=[("Start it?", typed)])
    assert IN_WORDS in output.replace("\r\n", " ")
    assert accepted(service) == values


QUOTE = {
    "quoteId": "q1",
    "hourlyRateUsd": 0.15,
    "minimumActivationChargeUsd": 0.3,
    "minimumBalanceUsd": 10.8,
    "balanceUsd": 12.0,
    "deficitUsd": 0.0,
    "canActivate": True,
    "unavailableReason": None,
    "dedicatedAgentId": None,
}
UPGRADE = f"/api/cloud/agents/{AGENT}/upgrade"


@pytest.fixture
def quoted(service):
    service.answers("GET", UPGRADE, {"ok": True, "agentId": AGENT, "quote": QUOTE})
    made = {"ok": True, "agentId": NEW, "sharedAgentId": AGENT, "status": "running"}
    service.answers("POST", UPGRADE, made)
    service.answers("POST", f"/api/cloud/agents/{NEW}/connect", {**LINKED, "agentId": NEW})
    return service


def test_an_upgrade_shows_the_quote_and_does_nothing_without_consent(quoted, run):
    ran = run("agents", "upgrade", AGENT)
    assert ran.code == 1
    assert IN_WORDS in ran.err
    assert "The upgrade needs a balance of $10.80; there are $12.00." in ran.err
    assert "--max-hourly 0.15 --max-start 0.3" in ran.err
    assert quoted.requests("POST") == []


def test_an_upgrade_with_consent_links_to_the_new_id(quoted, run):
    ran = run("agents", "upgrade", AGENT, *WITHIN)
    assert ran.code == 0
    assert f"its new id is {NEW}" in ran.out
    assert [(asked.path, asked.body) for asked in quoted.requests("POST")] == [
        (UPGRADE, {"quoteId": "q1"}),
        (f"/api/cloud/agents/{NEW}/connect", None),
    ]


def test_an_upgrade_that_costs_more_than_the_quote_is_not_agreed_to(quoted, run):
    quoted.answers("POST", UPGRADE, refused(hourlyRateUsd=0.2))
    assert run("agents", "upgrade", AGENT, "--max-hourly", "9", "--max-start", "9").code == 1
    assert accepted(quoted) == [None]


@pytest.mark.parametrize(("typed", "posts"), [("y\n", 2), ("n\n", 0), ("\n", 0)])
def test_on_a_terminal_an_upgrade_is_asked_for(quoted, typed, posts):
    in_a_terminal("agents", "upgrade", AGENT, typed=[("Make it dedicated?", typed)])
    assert len(quoted.requests("POST")) == posts


def test_an_upgrade_that_the_balance_does_not_allow_says_where_to_top_up(quoted, run):
    quote = {**QUOTE, "canActivate": False, "unavailableReason": "insufficient_balance"}
    quoted.answers("GET", UPGRADE, {"ok": True, "agentId": AGENT, "quote": quote})
    ran = run("agents", "upgrade", AGENT, *WITHIN)
    assert ran.code == 1
    assert "eliza-cloud credits" in ran.err
    assert quoted.requests("POST") == []
