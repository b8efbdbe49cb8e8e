"""JSON nobody expects: arbitrary documents, and documents of the contract with something replaced in them."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

KEY = "eliza_" + "c0ffee42" * 8
MISSING = object()


class Raw(bytes):
    """A piece of a document as it stands on the wire."""

    __slots__ = ()


def _nested(depth: int, opening: bytes = b"[", closing: bytes = b"]", core: bytes = b"1") -> Raw:
    return Raw(opening * depth + core + closing * depth)


#: What a member is replaced by. The key is among it: a server may echo what it was sent.
ODD = (
    MISSING,
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    2**64,
    -(2**70),
    10**400,
    1e308,
    -1e-308,
    Raw(b"1" + b"0" * 5000),
    Raw(b"1e999"),
    Raw(b"-0.0"),
    Raw(b"NaN"),
    Raw(b'"\\ud800"'),
    Raw(b'"\\u0000"'),
    Raw(b'"\xff"'),
    "",
    " ",
    ".",
    "..",
    "../../user",
    "a/b?c#d",
    "0",
    "-5",
    "12.50",
    "1e3",
    "9" * 400,
    "unheard_of",
    "running",
    "authenticated",
    "expired",
    "pending",
    "completed",
    "failed",
    "in_progress",
    "agent_quota_exceeded",
    "access_denied",
    "Key unavailable",
    "unreachable",
    "two\nlines\r\n\x1b[31m",
    "\u202eright to left",
    "\N{PILE OF POO}" * 50,
    "x" * 5000,
    KEY,
    f"the key {KEY} is wrong",
    [],
    {},
    [None],
    [[]],
    {"": ""},
    {"message": f"no {KEY}"},
    {"message": 7, "code": 10**30},
    {KEY: KEY},
    [KEY],
    {"id": {}},
    ["x"] * 2000,
    _nested(40),
    _nested(400),
    _nested(960),
    _nested(5000),
    _nested(300, b'{"a":', b"}"),
    _nested(960, b'{"a":', b"}"),
)

odd = st.sampled_from(ODD)
#: Where something is replaced (counted among all members of the document), and by what.
changes = st.lists(st.tuples(st.integers(0, 999), odd), max_size=4)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
#: The contract's member names, so that arbitrary documents are looked into.
NAMES = """
    success data id agentId agentName status error message code details polling jobId intervalMs
    shouldContinue expectedDurationMs created alreadyInProgress balance sessionId expiresAt apiKey
    keyPrefix backupId sizeBytes createdAt restoredFromBackupId organization result text
    type retryAfter retryable
    requiredBalance currentBalance jsonrpc method params fullText
""".split()  # noqa: SIM905 - forty names, a line each
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=8))
documents = st.dictionaries(
    names,
    st.recursive(
        scalars | odd.filter(lambda value: value is not MISSING),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
        max_leaves=12,
    ),
    max_size=8,
)


def changed(document: Any, where: list[tuple[int, Any]]) -> Any:
    """Return a copy with members replaced or removed; what is not there any more is not changed."""
    document = copy.deepcopy(document)
    for place, value in where:
        places = list(_places(document))
        if not places:
            return value if value is not MISSING else {}
        holder, name = places[place % len(places)]
        if value is not MISSING:
            holder[name] = copy.deepcopy(value)
        elif isinstance(holder, dict):
            del holder[name]
        else:
            holder.pop(name)
    return document


def _places(node: Any) -> Any:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in list(entries):
        yield node, name
        yield from _places(value)


def write(value: Any) -> bytes:
    """Write a document as it goes over the wire."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, dict):
        members = (json.dumps(name).encode() + b":" + write(inner) for name, inner in value.items())
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(write, value)) + b"]"
    return json.dumps(value).encode()
