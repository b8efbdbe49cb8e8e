"""Calls that are passed on: money, the compat surface, and the capabilities that Eliza Cloud serves.

They are the same in every generation and are made by a few functions, so each runs against the newest one
only. One call for each of these functions meets every fault (`ALL`), the others those that differ in what is
read of them (`FEW`). Silence is left out: its bounds are minutes of real time and no setting; tests/billing
and tests/routing shorten them by hand.
"""

import json
from collections.abc import Collection
from typing import Any

import aiohttp

from tests.faults.endpoint import Endpoint
from tests.faults.faults import FAULTS
from tests.faults.steps import Cell, Step, an_agent, answers, check_what_goes_along, words

ALL = {name for name, fault in FAULTS.items() if not fault.slow}
FEW = {
    *("refused", "reset", "cut body", "truncated JSON", "wrong types", "redirect", "401", "402", "404 HTML"),
    *("409", "429 and when", "500", "503"),
}
TOP_UP = {"amountUsd": 25}
SETTINGS = {"autoTopUp": {"enabled": False}}
TALK = {"model": "openai/gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
NUMBERS = {"model": "openai/text-embedding-3-small", "input": "hello"}
SPEECH, PICTURE = {"input": "hello"}, {"prompt": "a lighthouse"}
BLOCK = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}


def asks_through(method: str, path: str, body: Any = None) -> Step:
    """Make a request that is passed on; say status and code, or that it is the cloud's own refusal."""

    async def meet(cell: Cell) -> str:
        try:
            answer = await cell.service.call(method, path.format(agent=cell.agent), body)
        except aiohttp.ClientPayloadError:
            return "cut short"
        if answer.status < 300:
            return f"{answer.status}"
        said = json.loads(await answer.text())
        if "ok" in said or isinstance(said["error"], dict):
            return await words(cell, answer)
        assert said["error"], said
        check_what_goes_along(cell, answer, said)
        return f"{answer.status} as it came"

    return meet


def _money(
    method: str,
    there: str,
    here: str,
    *members: str,
    kind: str = "read",
    body: Any = None,
    faults: Collection[str] = FEW,
    status: int = 200,
) -> Endpoint:
    where = f"/api/cloud/billing/{here}"
    return Endpoint(
        kind,
        method,
        there,
        asks_through(method, where, body),
        answers(method, where, *members, body=body, status=status),
        faults=faults,
    )


def _capability(
    capability: str, there: str, here: str, body: Any, *brought: str, kind: str = "relayed"
) -> Endpoint:
    faults = ALL - {"huge body"} if here in {"/v1/chat/completions", "/v1/images/generations"} else FEW

    async def a_route(cell: Cell) -> None:
        await answers("PUT", f"/api/cloud/routing/{capability}", body={"backend": "elizacloud"})(cell)

    return Endpoint(
        kind,
        "POST",
        there,
        asks_through("POST", here, body),
        brings(here, body, *brought),
        a_route,
        faults=faults,
    )


def brings(path: str, body: Any, *expected: str) -> Step:
    """Make the request and assert that it brings all that it should, to the end."""

    async def works(cell: Cell) -> None:
        answer = await cell.service.call("POST", path, body)
        content = (await answer.read()).decode("latin-1")
        assert answer.status == 200, content
        assert [text for text in expected if text not in content] == []

    return works


MONEY: dict[str, Endpoint] = {
    "money: summary": _money("GET", "/api/v1/credits/summary", "summary", "balance", "topUpUrl", faults=ALL),
    "money: is crypto taken": _money(
        "GET",
        "/api/crypto/status",
        "summary",
        "balance",
        "cryptoEnabled",
        kind="needless",
        faults=FEW - {"refused"},
    ),
    "money: payment methods": _money("GET", "/api/v1/credits/summary", "payment-methods", "data"),
    "money: history": _money("GET", "/api/credits/transactions", "history", "data", "total"),
    "money: checkout": _money(
        "POST",
        "/api/v1/credits/checkout",
        "checkout",
        "checkoutUrl",
        "sessionId",
        kind="paid",
        body=TOP_UP,
        faults=ALL,
    ),
    "money: crypto quote": _money(
        "POST", "/api/crypto/payments", "crypto/quote", "topUpUrl", body=TOP_UP, status=403
    ),
    "money: settings": _money(
        "GET", "/api/v1/billing/settings", "settings", "settings", kind="passed on", faults=ALL
    ),
    "money: change of settings": _money(
        "PUT", "/api/v1/billing/settings", "settings", "success", kind="passed on", body=SETTINGS
    ),
    "money: balance": _money(
        "GET", "/api/v1/credits/balance", "credits/balance", "balance", kind="passed on"
    ),
    "money: the cloud's summary": _money(
        "GET", "/api/v1/credits/summary", "credits/summary", "success", kind="passed on"
    ),
    "money: is it paid": _money(
        "GET",
        "/api/v1/credits/verify",
        "credits/verify?session_id=cs_1",
        "error",
        kind="passed on",
        status=404,
    ),
    "money: crypto status": _money("GET", "/api/crypto/status", "crypto/status", "enabled", kind="passed on"),
    "money: crypto payments": _money(
        "GET", "/api/crypto/payments", "crypto/payments", "payments", kind="passed on"
    ),
}
COMPAT: dict[str, Endpoint] = {
    "compat: agents": Endpoint(
        "through",
        "GET",
        "/api/compat/agents",
        asks_through("GET", "/api/cloud/compat/agents"),
        answers("GET", "/api/cloud/compat/agents", "data"),
        faults=FEW,
    ),
    "compat: create": Endpoint(
        "through",
        "POST",
        "/api/compat/agents",
        asks_through("POST", "/api/cloud/compat/agents", {"agentName": "ada"}),
        answers("POST", "/api/cloud/compat/agents", "data", body={"agentName": "ada"}, status=201),
        faults=ALL - {"huge body"},
    ),
    "compat: restart": Endpoint(
        "through",
        "POST",
        "/api/compat/agents/*/restart",
        asks_through("POST", "/api/cloud/compat/agents/{agent}/restart"),
        answers("POST", "/api/cloud/compat/agents/{agent}/restart", "data"),
        an_agent,
        faults=FEW,
    ),
}
CHAT, EMBEDDINGS, SPEAK = "/v1/chat/completions", "/v1/embeddings", "/v1/audio/speech"
IMAGES, VIDEOS, CHAIN = "/v1/images/generations", "/v1/videos/generations", "/rpc/base"
STREAMED = {**TALK, "stream": True}
CAPABILITIES: dict[str, Endpoint] = {
    "capability: chat": _capability("llmText", "/api/v1/chat/completions", CHAT, TALK, '"content"'),
    "capability: chat stream": _capability(
        "llmText", "/api/v1/chat/completions", CHAT, STREAMED, '"delta"', "data: [DONE]"
    ),
    "capability: embeddings": _capability(
        "embeddings", "/api/v1/embeddings", EMBEDDINGS, NUMBERS, '"embedding"'
    ),
    "capability: speech": _capability("tts", "*/tts", SPEAK, SPEECH),
    "capability: images": _capability(
        "media", "/api/v1/generate-image", IMAGES, PICTURE, '"url"', kind="made"
    ),
    "capability: videos": _capability(
        "media", "/api/v1/generate-video", VIDEOS, PICTURE, '"url"', kind="made"
    ),
    "capability: chain": _capability("rpc", "/api/v1/rpc/*", CHAIN, BLOCK, '"result"'),
}
PASSED_ON = MONEY | COMPAT | CAPABILITIES
