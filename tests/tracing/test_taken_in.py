"""Which ids are taken in, and what goes out in their place (W3C Trace Context, version 00)."""

import re

import pytest
import structlog
from multidict import CIMultiDict, CIMultiDictProxy

from eliza_cloud.cloud.http.trace_context import begin, new_trace, trace_headers, trace_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def taken(*headers: tuple[str, str], secret: str = "no such thing"):
    return trace_of(CIMultiDictProxy(CIMultiDict(headers)), lambda text: secret in text)


@pytest.fixture(autouse=True)
def nobody_asks():
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("given", ["a", "A-z_0.9", "x" * 128, " padded\t"])
def test_a_well_formed_request_id_is_kept(given):
    assert taken(("x-request-id", given)).request_id == given.strip()


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a/b", "a\u00e4", "a\n", 'a"', "a:b"])
def test_any_other_request_id_is_replaced(given):
    assert re.fullmatch(r"[0-9a-f]{32}", taken(("X-Request-Id", given)).request_id)


def test_two_request_ids_are_none():
    assert taken(("X-Request-Id", "a"), ("X-Request-Id", "b")).request_id not in {"a", "b"}


def test_what_holds_a_secret_is_not_taken_in():
    headers = (("X-Request-Id", f"my-{SPAN}"), ("traceparent", PARENT), ("tracestate", f"a={SPAN}"))
    trace = taken(*headers, secret=SPAN)
    assert SPAN not in trace.request_id
    assert (trace.trace_id == TRACE, trace.state) == (False, "")
    assert taken(*headers, secret="a=").state == ""
    assert taken(*headers, secret="a=").trace_id == TRACE


@pytest.mark.parametrize(
    ("parent", "flags"),
    [
        (PARENT, "01"),
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f"00-{TRACE}-{SPAN}-ff", "ff"),
        (f"01-{TRACE}-{SPAN}-03", "01"),
        (f"cc-{TRACE}-{SPAN}-02-what-the-future-brings", "00"),
    ],
)
def test_a_valid_trace_goes_on_with_its_flags(parent, flags):
    begin(taken(("traceparent", parent)))
    sent = trace_headers()["traceparent"]
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-{flags}", sent)
    assert SPAN not in sent


@pytest.mark.parametrize(
    "parent",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"01-{TRACE}-{SPAN}-01more",
        f"00-{TRACE}-{SPAN}-0x",
    ],
)
def test_an_invalid_trace_is_ignored_with_its_state(parent):
    trace = taken(("traceparent", parent), ("tracestate", "a=1"))
    assert re.fullmatch(r"[0-9a-f]{32}", trace.trace_id)
    assert (trace.trace_id == TRACE, trace.flags, trace.state) == (False, "00", "")


def test_two_traces_are_none():
    assert taken(("traceparent", PARENT), ("traceparent", PARENT)).trace_id != TRACE


@pytest.mark.parametrize("state", ["a=1", "a=00f0,b@x=t61 , c=d e", "a=" + "x" * 253 + ",b=" + "y" * 253])
def test_a_state_is_passed_on(state):
    assert len(state) <= 512
    begin(taken(("traceparent", PARENT), ("tracestate", state)))
    assert trace_headers()["tracestate"] == state


def test_states_are_joined_in_order():
    assert taken(("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")).state == "a=1,b=2"


@pytest.mark.parametrize("state", ["", "no member", "A=1", "a=b=c", "a=\u00e4", "a=" + "x" * 511, "=1", "a="])
def test_no_other_state_is(state):
    begin(taken(("traceparent", PARENT), ("tracestate", state)))
    assert "tracestate" not in trace_headers()


def test_each_call_is_a_span_of_its_own():
    begin(new_trace())
    first, second = trace_headers(), trace_headers()
    assert first["X-Request-Id"] == second["X-Request-Id"]
    assert first["traceparent"][:36] == second["traceparent"][:36]
    assert first["traceparent"][36:52] != second["traceparent"][36:52]


def test_a_call_nobody_asked_for_has_ids_of_its_own():
    first, second = trace_headers(), trace_headers()
    assert first["X-Request-Id"] != second["X-Request-Id"]
    assert first["traceparent"][3:35] != second["traceparent"][3:35]


def test_a_request_takes_over_nothing_of_the_one_before():
    begin(taken(("traceparent", PARENT), ("tracestate", "a=1")))
    structlog.contextvars.bind_contextvars(agent_id="theirs")
    begin(new_trace())
    assert "tracestate" not in trace_headers()
    assert "agent_id" not in structlog.contextvars.get_contextvars()
