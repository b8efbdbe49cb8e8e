"""What each cell of the table must come to: a rule for each kind of endpoint, and the exceptions with reasons."""

from eliza_cloud.link.bring_up import ON_ITS_WAY  # noqa: F401
from tests.faults.endpoints import ENDPOINTS
from tests.faults.faults import FAULTS, Fault


def _credits(fault: Fault) -> str:
    words = {
        "502 bad_answer": "200: unexpected response",
        "502 redirected": "200: Cloud credits request was redirected; redirects are not allowed",
        "401 key_rejected": "200, rejected: a sentence",
    }
    return words.get(fault.answer, "200: a sentence")


#: How a fault shows, by kind of endpoint.
RULES = {
    "asked": lambda fault: fault.answer,
    "linking": lambda fault: fault.answer,
    "letting go": lambda fault: fault.answer,
    "told": _credits,
    "polled": lambda fault: "pending" if fault.mends else "error",
    "checked": lambda fault: "rejected" if fault.answer == "401 key_rejected" else "unverified",
    "waited for": lambda fault: "waits" if fault.mends else fault.answer,
    "watched": lambda fault: "reconnecting heartbeat_missed",
    "timed": lambda fault: "warning, timer goes on",
    "closing": lambda fault: "200",
}

EXCEPTIONS: dict[tuple[str, str], tuple[str, str]] = {}


def expected(endpoint: str, fault: str) -> str:
    """Return what is to be seen in a cell."""
    if (endpoint, fault) in EXCEPTIONS:
        return EXCEPTIONS[endpoint, fault][0]
    return RULES[ENDPOINTS[endpoint].kind](FAULTS[fault])
