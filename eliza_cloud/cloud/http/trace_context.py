"""One id for all that a request causes, at the cloud too: `X-Request-Id` and W3C Trace Context, version 00.

The ids are context variables of structlog, so every line logged on the request's behalf has them, and every
task started on its behalf inherits them. A call to the cloud that no request caused gets ids of its own.
"""

import re
import secrets
import uuid
from collections.abc import Callable

import msgspec
import structlog
from multidict import CIMultiDictProxy

REQUEST_ID = "X-Request-Id"
TRACE_PARENT = "traceparent"
TRACE_STATE = "tracestate"
#: The context variables, all of them text. The log leaves out those with a leading underscore.
TRACE_MEMBERS = ("request_id", "trace_id", "_trace_flags", "_trace_state")
MAX_STATE = 512  # characters of `tracestate` that are passed on; a longer one is left out

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PARENT = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_MEMBER = r"[a-z0-9][a-z0-9_*/@-]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
_STATE = re.compile(rf"(?:{_MEMBER})?(?:[ \t]*,[ \t]*(?:{_MEMBER})?)*")
_UNSAMPLED = "00"  # this service records no spans
_SAMPLED = 1  # the one flag that keeps its meaning in later versions


class Trace(msgspec.Struct, frozen=True):
    """What follows a request: its id, and its trace with the flags and the state that travel with it.

    The members are in the order of `TRACE_MEMBERS`.
    """

    request_id: str
    trace_id: str
    flags: str = _UNSAMPLED
    state: str = ""


def new_trace() -> Trace:
    """Return ids that nothing has had before."""
    return Trace(request_id=uuid.uuid4().hex, trace_id=uuid.uuid4().hex)


def trace_of(headers: CIMultiDictProxy[str], is_secret: Callable[[str], bool]) -> Trace:
    """Return the ids a request came with, and new ones in place of those that are missing or malformed.

    `is_secret` is asked about everything that would be passed on; what holds a secret is malformed.
    """

    def taken(name: str, shape: re.Pattern[str]) -> re.Match[str] | None:
        given = headers.getall(name, ())
        found = shape.fullmatch(given[0].strip(" \t")) if len(given) == 1 else None
        return None if found is None or is_secret(found[0]) else found

    trace = new_trace()
    if (given := taken(REQUEST_ID, _ID)) is not None:
        trace = msgspec.structs.replace(trace, request_id=given[0])
    parent = taken(TRACE_PARENT, _PARENT)
    if parent is None or (parent["version"] == "00" and parent["more"]):
        return trace
    flags = parent["flags"] if parent["version"] == "00" else f"{int(parent['flags'], 16) & _SAMPLED:02x}"
    state = ",".join(headers.getall(TRACE_STATE, ()))
    passed_on = len(state) <= MAX_STATE and _STATE.fullmatch(state) and not is_secret(state)
    return msgspec.structs.replace(
        trace, trace_id=parent["trace"], flags=flags, state=state if passed_on else ""
    )


def begin(trace: Trace) -> None:
    """Let all that runs in this context from now on be on behalf of this request, and of no other."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**_variables(trace))


def trace_headers() -> dict[str, str]:
    """Return the headers for one call to Eliza Cloud: each call is a span of its own in the trace."""
    bound = structlog.contextvars.get_contextvars()
    request_id, trace_id, flags, state = map((_variables(new_trace()) | bound).__getitem__, TRACE_MEMBERS)
    headers = {REQUEST_ID: request_id, TRACE_PARENT: f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"}
    return headers | ({TRACE_STATE: state} if state else {})


def _variables(trace: Trace) -> dict[str, str]:
    return dict(zip(TRACE_MEMBERS, msgspec.structs.astuple(trace), strict=True))
