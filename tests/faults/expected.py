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


def _status(fault: Fault) -> int:
    status: int = fault.wire.get("status", 200)
    return status


def _in_the_clouds_words(fault: Fault) -> str:
    """local-api §9: what the cloud refuses comes as it said it."""
    status = _status(fault)
    return f"{status} as it came" if status >= 400 else fault.answer


def _through(fault: Fault) -> str:
    """What the cloud grants is passed on as it comes, whatever it is, and cut where it was cut."""
    if fault.answer == "502 invalid_response":
        return "200"
    return "cut short" if fault.wire.get("fault") == "truncate" else _in_the_clouds_words(fault)


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
    "needless": lambda _: "200",
    "read": _in_the_clouds_words,
    "passed on": lambda fault: "200" if fault is FAULTS["wrong types"] else _in_the_clouds_words(fault),
    "paid": lambda fault: (
        fault.answer if fault.wire.get("status", 200) >= 500 else _in_the_clouds_words(fault)
    ),
    "through": _through,
    "relayed": lambda fault: fault.answer if _status(fault) >= 400 else _through(fault),
    "made": lambda fault: "502 response_truncated" if fault.wire.get("fault") == "truncate" else fault.answer,
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

NO_PATH = "a 500 that is not JSON, too, is how servers say that they have no such path (cloud-api §3)"

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
    ("heartbeat", "billing hold"): ("error credits_exhausted", "waiting settles no payment"),
    ("heartbeat", "428"): ("error price_confirmation_required", "waiting brings no consent"),
    ("rename", "wrong types"): ("200", NOTHING_NEEDED),
    ("logs", "404 HTML"): ("404 not_offered", NO_PATH),
    ("logs", "500 HTML"): ("404 not_offered", NO_PATH),
    ("quote", "404 HTML"): ("404 not_offered", NO_PATH),
    ("quote", "500 HTML"): ("404 not_offered", NO_PATH),
    ("delete with its state", "wrong types"): ("200", NOTHING_NEEDED),
    ("delete with its state", "404 JSON"): ("200", "an agent that is gone is what was asked for"),
    ("delete with its state", "409 with a job"): ("200", JOINED),
    ("stop of a restart", "wrong types"): ("200", NOTHING_NEEDED),
    ("stop of a restart", "409 with a job"): ("200", JOINED),
    ("start of a restart", "wrong types"): ("502 agent_unreachable", STILL_STOPPED),
    ("start of a restart", "409 with a job"): ("502 agent_unreachable", STILL_STOPPED),
    ("restart without a link", "wrong types"): ("502 agent_unreachable", STILL_STOPPED),
    ("restart without a link", "409 with a job"): ("502 agent_unreachable", STILL_STOPPED),
}


def expected(endpoint: str, fault: str) -> str:
    """Return what is to be seen in a cell."""
    if (endpoint, fault) in EXCEPTIONS:
        return EXCEPTIONS[endpoint, fault][0]
    return RULES[ENDPOINTS[endpoint].kind](FAULTS[fault])


#: Why a connect ends, where the cloud said what it takes.
REASONS = {
    "402": "credits_exhausted",
    "billing hold": "credits_exhausted",
    "428": "price_confirmation_required",
}
#: Faults that come after the cloud has done what it was asked.
TOO_LATE = {"hang mid-body", "cut body"}


def link_after(endpoint: str, fault: str) -> str:
    """Return how the link stands in the end, while the fault lasts."""
    kind, seen = ENDPOINTS[endpoint].kind, expected(endpoint, fault)
    if kind == "watched":
        return seen
    if endpoint == "stop of a restart" and seen == "200":
        return "connected"
    if kind in {"linking", "waited for"}:
        if FAULTS[fault].everywhere and ENDPOINTS[endpoint].prepare is a_link:
            return "connected"  # the look before anything is taken fails
        if seen in {"200", "waits"}:
            return {"200": "connected", "waits": "connecting"}[seen]
        if fault in REASONS:
            return f"error {REASONS[fault]}"
        is_gone = (endpoint, fault) == ("look at the agent", "404 JSON")
        return "error agent_gone" if is_gone else "error connect_failed"
    if kind == "letting go" and seen != "200":
        if fault in TOO_LATE and not FAULTS[fault].everywhere:
            return (
                "error agent_gone"
                if ENDPOINTS[endpoint].method == "DELETE"
                else "disconnected agent_suspended"
            )
        return "connected"  # what was taken is given back; where the look before it fails, nothing was taken
    linked = ENDPOINTS[endpoint].prepare in {a_link, a_conversation}
    is_linked = linked and kind not in {"letting go", "closing"}
    return "connected" if is_linked else "disconnected"
