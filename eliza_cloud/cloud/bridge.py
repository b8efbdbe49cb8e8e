"""JSON-RPC to the agent's sandbox: the body decides, not the HTTP status (cloud-api §12)."""

from typing import Any
from uuid import uuid4

from eliza_cloud.cloud.errors import AgentTimedOut, AgentUnreachable
from eliza_cloud.cloud.types.decode import unexpected
from eliza_cloud.cloud.types.fields import members
from eliza_cloud.core.problems import AGENT_TIMEOUT, AGENT_UNREACHABLE
from eliza_cloud.redaction.cloud import CloudTextRedactor


def rpc(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a JSON-RPC request."""
    request: dict[str, Any] = {"jsonrpc": "2.0", "id": str(uuid4()), "method": method}
    return request if params is None else {**request, "params": params}


def message(text: str, room: str, mode: str) -> dict[str, Any]:
    """Return the request that says something to the agent."""
    return rpc("message.send", {"text": text, "roomId": room, "mode": mode})


def judge(document: dict[str, Any], redaction: CloudTextRedactor) -> None:
    """Raise `AgentUnreachable` when a JSON-RPC answer carries an `error`; a `result` is not asked for."""
    error = document.get("error")
    if error is None:
        return
    said = error if isinstance(error, str) else members(error).get("message")
    code = members(error).get("code")
    sentence = redaction.sentence(said) if isinstance(said, str) else ""
    problem = AGENT_UNREACHABLE.occurred(
        said=sentence or "its bridge reported an error",
        details={"cloudCode": code} if isinstance(code, int) else {},
    )
    raise AgentUnreachable(problem, cloud_status=200)


def reply_text(document: dict[str, Any]) -> str:
    """Return what the agent said in answer to `message.send`."""
    reply = members(document.get("result")).get("text")
    if not isinstance(reply, str):
        raise unexpected("there is no reply of the agent in it")
    return reply


def is_cut_off(document: dict[str, Any]) -> bool:
    """Tell whether the bridge says "unreachable", which is also what it says when its own time was up."""
    said = members(document.get("error")).get("message")
    return isinstance(said, str) and "unreachable" in said.casefold()


def took_too_long(seconds: float) -> AgentTimedOut:
    """Return the error for an agent that was still busy after `seconds`."""
    return AgentTimedOut(AGENT_TIMEOUT.occurred(seconds=round(seconds)))
