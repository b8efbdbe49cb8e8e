"""The status view in words: a glyph, the state, why, and what to do about it."""

from datetime import UTC, datetime
from typing import Any

from eliza_cloud.cli.output.text import duration
from eliza_cloud.core.problems import PROBLEMS, RUNTIME_NOT_STARTED
from eliza_cloud.core.states import Reason
from eliza_cloud.core.timefmt import parse_iso

GLYPHS = {"disconnected": "○", "connecting": "◌", "connected": "●", "reconnecting": "◐", "error": "✗"}

_PASSING = {
    Reason.HEARTBEAT_MISSED: "the agent stopped answering",
    Reason.CLOSING: "the link is being closed",
}
"""Reasons that are not problems, because they pass by themselves."""


def _in_a_sentence(title: str) -> str:
    """Return a problem's title as a part of a sentence."""
    words = title.removesuffix(".")
    return words if words.startswith("Eliza Cloud") else words[0].lower() + words[1:]


WHY = {
    reason.value: _PASSING.get(reason) or _in_a_sentence(PROBLEMS[reason.value].title) for reason in Reason
}

ACCOUNT = {
    "not_authenticated": "not signed in",
    "api_key_present_not_authenticated": "a key is stored, but Eliza Cloud has not accepted it",
    "runtime_not_started": "not signed in, and the link's runtime has stopped",
    "api_key_present_runtime_not_started": "a key is stored, but the link's runtime has stopped",
}

REMEDIES = {
    "connect_failed": "eliza-cloud agents connect {agent}",
    "retries_exhausted": "eliza-cloud agents connect {agent}",
    "key_rejected": "eliza-cloud login",
    "agent_gone": "eliza-cloud agents list",
    "agent_suspended": "eliza-cloud agents resume {agent}",
    "price_confirmation_required": "eliza-cloud agents connect {agent}",
    "credits_exhausted": "top up at {topUpUrl}",
    "not_authenticated": "eliza-cloud login",
    "runtime_not_started": RUNTIME_NOT_STARTED.remedy,
    "api_key_present_runtime_not_started": RUNTIME_NOT_STARTED.remedy,
}


def account_words(status: dict[str, Any]) -> str:
    """Write whose account it is: `USER of ORGANIZATION`."""
    organization = status.get("organizationId")
    return f"{status.get('userId')}" + (f" of {organization}" if organization else "")


def short_state(connection: dict[str, Any]) -> str:
    """Write the link's state: `● connected`."""
    state = str(connection.get("state"))
    return f"{GLYPHS.get(state, '?')} {state}"


def state_words(connection: dict[str, Any]) -> str:
    """Write the link's state and agent: `● connected (my-agent)`."""
    agent = connection.get("agentName") or connection.get("agentId")
    return f"{short_state(connection)} ({agent})" if agent else short_state(connection)


def next_try_words(connection: dict[str, Any]) -> str:
    """Write which try comes next and when; empty where none will."""
    if connection.get("state") != "reconnecting":
        return ""
    at = parse_iso(connection.get("nextAttemptAt"))
    left = 0.0 if at is None else (at - datetime.now(UTC)).total_seconds()
    return f"try {connection.get('attempt')} {f'in {duration(left)}' if left >= 1 else 'is under way'}"


def remedy(status: dict[str, Any]) -> str:
    """Say what to do next; empty where nothing is to be done."""
    connection = status.get("connection") or {}
    for reason in (status.get("reason"), connection.get("reason")):
        if reason in REMEDIES:
            agent = connection.get("agentId") or "AGENT"
            return REMEDIES[reason].format(agent=agent, topUpUrl=status.get("topUpUrl"))
    idle = status.get("connected") and connection.get("state") == "disconnected"
    return REMEDIES["connect_failed"].format(agent="AGENT") if idle else ""
