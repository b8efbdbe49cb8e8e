"""What each cell of the table must come to: a rule for each kind of endpoint, and exceptions with reasons."""

from collections.abc import Callable

from tests.faults.endpoints import ENDPOINTS
from tests.faults.faults import FAULTS, Fault
from tests.faults.steps import a_conversation, a_link


def _begun(fault: Fault) -> str:
    """local-api §4: a login says by its own codes what kept it from beginning."""
    reached = fault.answer.split()[1] in {"invalid_response", "cloud_server_error", "unknown_path"}
    is_plain = fault.answer[:3] in {"502", "504", "429"} and not reached
    return fault.answer if is_plain else "502 login_not_begun"


def _credits(fault: Fault) -> str:
    """local-api §6: always 200, what is wrong is in `error`."""
    words = {
        "502 invalid_response": "200: unexpected response",
        "502 redirected": "200: Cloud credits request was redirected; redirects are not allowed",
        "401 key_rejected": "200, rejected: a sentence",
    }
    return words.get(fault.answer, "200: a sentence")


#: How a fault shows, by kind of endpoint.
RULES: dict[str, Callable[[Fault], str]] = {
    "asked": lambda fault: fault.answer,
    "linking": lambda fault: fault.answer,
    "letting go": lambda fault: fault.answer,
    "beginning": _begun,
    "told": _credits,
    "polled": lambda fault: "pending" if fault.mends else "error",
    "checked": lambda fault: "rejected" if fault.answer == "401 key_rejected" else "unverified",
    "waited for": lambda fault: "waits" if fault.mends else fault.answer,
    "watched": lambda _: "reconnecting heartbeat_missed",
    "timed": lambda _: "warning, timer goes on",
    "closing": lambda _: "200",
}

JOINED = "a 409 that names a job means that the work is under way (cloud-api §10)"
NOTHING_NEEDED = "nothing in the answer is needed but `success: true`"
LOOKED_AT = (
    "200 to provision proves nothing: the agent's own status and heartbeat decide (cloud-api §21 rows 4, 5)"
)
STILL_STOPPED = "the job has ended, or there was none, and the agent still does not run (cloud-api §21 row 5)"
BODY_COUNTS = "a heartbeat is clean when its body is an object without `error` (cloud-api §12)"
BUSY_AGENT = "the agent may still be thinking, which is not the cloud's silence (cloud-api §12)"
OTHER_WAY = (
    "a stream that is not there for an agent that runs is replaced by the bridge (cloud-api §21 row 9)"
)
BEGUN = "the head of the stream was sent, so the failure is its last frame (local-api §10)"

EXCEPTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("login poll", "404 JSON"): (
        "expired",
        "a 404 is how the cloud says that the sign-in is over (cloud-api §7)",
    ),
    ("agents", "404 HTML"): (
        "502 invalid_response",
        "a server without any of the prefixes is no Eliza Cloud (cloud-api §3)",
    ),
    ("connect", "wrong types"): ("200", LOOKED_AT),
    ("provision", "wrong types"): ("200", LOOKED_AT),
    ("connect", "409 with a job"): ("200", JOINED),
    ("provision", "409 with a job"): ("200", JOINED),
    ("first heartbeat", "wrong types"): ("200", BODY_COUNTS),
    ("resume", "wrong types"): ("502 agent_unreachable", STILL_STOPPED),
    ("resume", "409 with a job"): ("502 agent_unreachable", STILL_STOPPED),
    ("suspend", "wrong types"): ("200", NOTHING_NEEDED),
    ("suspend", "409 with a job"): ("200", JOINED),
    ("shutdown", "wrong types"): ("200", NOTHING_NEEDED),
    ("shutdown", "404 JSON"): ("200", "an agent that is gone is what was asked for"),
    ("shutdown", "409 with a job"): ("200", JOINED),
    ("chat", "delay"): ("504 agent_timeout", BUSY_AGENT),
    ("chat", "hang mid-body"): ("504 agent_timeout", BUSY_AGENT),
    ("chat stream", "hang mid-body"): ("200, then stream_timeout", BEGUN),
    ("chat stream", "cut body"): ("200, then stream_truncated", BEGUN),
    ("chat stream", "404 HTML"): ("200", OTHER_WAY),
    ("chat stream", "404 JSON"): ("200", OTHER_WAY),
    ("heartbeat", "wrong types"): ("connected", BODY_COUNTS),
    ("heartbeat", "402"): ("error credits_exhausted", "waiting brings no credits"),
    ("backup", "409 with a job"): ("200", JOINED),
    ("backup without a link", "409 with a job"): ("200", JOINED),
    ("restore", "wrong types"): ("200", NOTHING_NEEDED),
    ("timer's backup", "409"): (
        "warning, timer stopped",
        "an agent that runs and is twice refused a backup will be refused again (cloud-api §21 row 10)",
    ),
    ("timer's backup", "409 with a job"): ("taken", JOINED),
}


def expected(endpoint: str, fault: str) -> str:
    """Return what is to be seen in a cell."""
    if (endpoint, fault) in EXCEPTIONS:
        return EXCEPTIONS[endpoint, fault][0]
    return RULES[ENDPOINTS[endpoint].kind](FAULTS[fault])


#: Faults that come after the cloud has done what it was asked.
TOO_LATE = {"hang mid-body", "cut body"}


def link_after(endpoint: str, fault: str) -> str:
    """Return how the link stands in the end, while the fault lasts."""
    kind, seen = ENDPOINTS[endpoint].kind, expected(endpoint, fault)
    if kind == "watched":
        return seen
    if kind in {"linking", "waited for"}:
        if seen in {"200", "waits"}:
            return {"200": "connected", "waits": "connecting"}[seen]
        if fault == "402":
            return "error credits_exhausted"
        is_gone = (endpoint, fault) == ("look at the agent", "404 JSON")
        return "error agent_gone" if is_gone else "error connect_failed"
    if kind == "letting go" and seen != "200":
        if fault in TOO_LATE and not FAULTS[fault].everywhere:
            return "error agent_gone" if endpoint == "shutdown" else "disconnected agent_suspended"
        return "connected"  # what was taken is given back; where the look before it fails, nothing was taken
    linked = ENDPOINTS[endpoint].prepare in {a_link, a_conversation}
    is_linked = linked and kind not in {"letting go", "closing"}
    return "connected" if is_linked else "disconnected"
