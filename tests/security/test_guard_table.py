"""Every row of the table, byte by byte, against the running application, and what it must not have caused."""

from typing import Any

import pytest

from tests.harness.waiting import HANG
from tests.security.guard_rows import KEY, RIGHT, ROWS, TOKEN
from tests.security.wire import Conversation, converse, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Nothing of the service's own may show: its secrets, a traceback, what it is made of.
HIDDEN = [
    TOKEN,
    KEY,
    TOKEN[:24],
    TOKEN[-24:],
    KEY[:24],
    KEY[-24:],
    "Traceback",
    "aiohttp",
    "Python/",
    ".py",
    "object at 0x",
]


def judge(talk: Conversation, statuses: tuple[int, ...]) -> None:
    """What holds for every answer: refused, in JSON, and telling nothing."""
    assert talk.answers, f"no answer, {'closed' if talk.closed else 'still open'}"
    for answer in talk.answers:
        assert answer.status in statuses, answer
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        if not talk.sent.startswith(b"HEAD "):
            assert answer.headers["content-type"] == "application/json; charset=utf-8"
            assert answer.status < 300 or says_why(answer.json)
    shown = talk.received.decode("latin-1")
    assert [text for text in HIDDEN if text.lower() in shown.lower()] == []


def says_why(body: Any) -> bool:
    """Tell whether a refusal has a code, in our shape or, under /v1, in OpenAI's."""
    error = body["error"]
    if isinstance(error, dict):
        return bool(error["code"])
    return body["ok"] is False and bool(body["code"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_it_is_refused_and_has_no_effect(service, row):
    before = service.effects()
    lasting = b"Connection: close" not in row.sent
    talk = await converse(service.port, row.sent, linger=0.3 if lasting else HANG)
    judge(talk, row.status)
    after = service.effects()
    assert after[1:] == before[1:], "the cloud was called or the link was told"
    assert row.through or after == before, f"a handler was reached: {service.reached[-1]}"


async def test_the_table_is_large_and_names_each_request_once(figure):
    kinds = {row.name.partition(":")[0] for row in ROWS}
    assert len({row.name for row in ROWS}) == len(ROWS) >= 150
    refused = sum(not row.through for row in ROWS)
    figure(f"guard: {len(ROWS)} requests of {len(kinds)} kinds, {refused} refused at the door, 0 let through")


async def test_the_probe_sees_what_gets_in(service):
    """The table proves something only if its probes would have noticed."""
    before = service.effects()
    talk = await converse(service.port, request("GET /api/cloud/agents", RIGHT))
    assert talk.answers[0].json == {"ok": True, "agents": []}
    after = service.effects()
    assert after[1] > before[1]
    assert service.reached[-1] == "GET /api/cloud/agents"
    assert service.cloud.calls[-1] == ("GET", "/api/v1/eliza/agents")
