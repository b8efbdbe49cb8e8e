"""How the cloud answers: one call at a time as the search chooses, or by itself in one kind of behaviour."""

from collections.abc import Callable

from tests.model.simulated_cloud import (
    OTHER_PRICE,
    Call,
    Response,
    agent_is,
    dead,
    failed,
    job,
    job_is,
    ok,
    priced,
    usual,
)

FAULTS: dict[str, Callable[[Call], Response]] = {
    "401": lambda _: failed(401, "Invalid or expired API key"),
    "402": lambda _: failed(402, "Insufficient credits"),
    "404": lambda _: failed(404, "Agent not found"),
    "404 HTML": lambda _: Response(404),
    "409": lambda _: failed(409, "Sandbox is not running"),
    "409 in passing": lambda _: failed(409, "Agent state changed"),
    "429": lambda _: failed(429, "Too many requests", retry_after=90),
    "500": lambda _: failed(500, "An unexpected error occurred"),
    "nonsense": lambda _: ok([None]),
}
ODD: dict[str, list[Callable[[Call], Response]]] = {
    "get": [
        lambda call: agent_is(call, "provisioning"),
        lambda call: agent_is(call, "stopped"),
        lambda call: agent_is(call, "error"),
    ],
    "provision": [
        job,
        lambda call: agent_is(call, "pending"),
        lambda call: job(call, 409),
        lambda call: agent_is(call, "stopped"),
    ],
    "resume": [job, lambda call: agent_is(call, "pending")],
    "suspend": [job],
    "quote": [lambda _: failed(409, "Not shared", code="not_shared_tier")],
    "upgrade": [job, lambda _: failed(409, "The quote has changed", code="dedicated_quote_changed")],
    "delete": [job],
    "snapshot": [job, lambda _: ok({}, 202)],
    "restore": [lambda _: ok({}, 202)],
    "job": [
        lambda _: job_is("in_progress"),
        lambda _: job_is("failed"),
        lambda _: job_is("cancelled"),
        lambda _: job_is("unheard of"),
    ],
    "heartbeat": [lambda _: dead()],
    "balance": [lambda _: Response(200, {"balance": 1.5}), lambda _: Response(200, {"balance": 0.0})],
    "message": [lambda _: dead()],
    "login": [lambda call: Response(201, {"sessionId": f"made by the server {call.sent['sessionId'][:8]}"})],
    "poll": [
        lambda _: Response(200, {"status": "expired"}),
        lambda _: Response(200, {"status": "authenticated"}),
        lambda _: Response(404, {"error": "Session not found"}),
    ],
}


def odd(call: Call, variety: int) -> Response:
    """Return an answer the contract allows, though nobody hopes for it."""
    kinds = ODD.get(call.name, [usual])
    return kinds[variety % len(kinds)](call)


def only(names: set[str], answer: Callable[[Call], Response]) -> Callable[[Call], Response]:
    """Answer these calls so, and the others well."""
    return lambda call: answer(call) if call.name in names else usual(call)


STARTS = {"provision", "resume", "upgrade"}
ABOUT_THE_AGENT = {"get", "provision", "heartbeat", "snapshot", "message"}
BEHAVIOURS: dict[str, Callable[[Call], Response | None]] = {
    "silent": lambda _: None,
    "good": usual,
    "dead sandbox": only({"heartbeat"}, lambda _: dead()),
    "dead sandbox, jobs": lambda call: (
        dead() if call.name == "heartbeat" else job(call) if call.name == "provision" else usual(call)
    ),
    "no backups": only({"snapshot"}, FAULTS["409"]),
    "down": FAULTS["500"],
    "busy": FAULTS["429"],
    "key refused": FAULTS["401"],
    "no credits": only({"provision", "heartbeat"}, FAULTS["402"]),
    "priced": only(STARTS, priced),
    "dearer": only(STARTS, lambda call: priced(call, OTHER_PRICE)),
    "held": only(STARTS, lambda _: failed(402, "A payment was reversed", code="billing_hold_active")),
    "other job": only(STARTS | {"suspend"}, lambda _: failed(409, "A job", code="session_not_ready")),
    "dead and priced": lambda call: (
        dead() if call.name == "heartbeat" else priced(call) if call.name == "provision" else usual(call)
    ),
    "stopped at the website": lambda call: (
        agent_is(call, "stopped")
        if call.name == "get"
        else dead()
        if call.name == "heartbeat"
        else usual(call)
    ),
    "agent gone": only(ABOUT_THE_AGENT, FAULTS["404"]),
}
