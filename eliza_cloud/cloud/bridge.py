"""JSON-RPC to the agent's sandbox: the body decides, not the HTTP status (cloud-api §12, generation L)."""

from typing import Any
from uuid import uuid4

from eliza_cloud.cloud.errors import (
    AgentNotReady,
    AgentTimedOut,
    AgentUnreachable,
    CloudError,
    InvalidRequest,
    MessageTooLarge,
    ReplyFailed,
)
from eliza_cloud.cloud.http.request import encoded
from eliza_cloud.cloud.nul import refuse_nul
from eliza_cloud.cloud.types.decode import unexpected
from eliza_cloud.cloud.types.models import Heartbeat, members, text
from eliza_cloud.core.problems import (
    AGENT_NOT_READY,
    AGENT_TIMEOUT,
    AGENT_UNREACHABLE,
    CLOUD_REFUSED_REQUEST,
    MESSAGE_TOO_LARGE,
    REPLY_FAILED,
)
from eliza_cloud.redaction.secret import CloudTextRedactor

#: Bytes of a JSON-RPC request, envelope included, that an agent's process survives (cloud-api §23).
MAX_MESSAGE_BYTES = 1024 * 1024
#: What the agent of the first generation says instead of an empty reply (cloud-api §17).
_NO_RESPONSE = "(no response)"
_INVALID_PARAMS = -32602
_NOT_READY = "not ready"
_EMPTY_RESPONSE = "empty response"


def rpc(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a JSON-RPC request."""
    request: dict[str, Any] = {"jsonrpc": "2.0", "id": str(uuid4()), "method": method}
    return request if params is None else {**request, "params": params}


def message(text: str, room: str, mode: str) -> dict[str, Any]:
    """Return the request that says something to the agent; raises for what an agent would not survive."""
    refuse_nul(text=text, roomId=room, mode=mode)
    request = rpc("message.send", {"text": text, "roomId": room, "mode": mode})
    size = len(encoded(request))
    if size > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(MESSAGE_TOO_LARGE.occurred(size=size, limit=MAX_MESSAGE_BYTES))
    return request


def judge(document: dict[str, Any], redaction: CloudTextRedactor) -> None:
    """Raise when a JSON-RPC answer carries an `error`; a `result` is not asked for.

    `AgentUnreachable`, unless the error says that the runtime is not ready yet (`AgentNotReady`), that the
    reply was empty (`ReplyFailed`), or that the request was wrong (`InvalidRequest`).
    """
    error = document.get("error")
    if error is None:
        return
    said = error if isinstance(error, str) else members(error).get("message")
    code = members(error).get("code")
    sentence = redaction.sentence(said) if isinstance(said, str) else ""
    details = {"cloudCode": code} if isinstance(code, int) else {}
    raise _bridge_error(sentence or "its bridge reported an error", code, details)


def _bridge_error(said: str, code: Any, details: dict[str, Any]) -> CloudError:
    if _NOT_READY in said.casefold():
        return AgentNotReady(AGENT_NOT_READY.occurred(details=details), cloud_status=200)
    if _EMPTY_RESPONSE in said.casefold():
        return ReplyFailed(REPLY_FAILED.occurred(said=said, details=details), cloud_status=200)
    if code == _INVALID_PARAMS:
        return InvalidRequest(CLOUD_REFUSED_REQUEST.occurred(said=said, details=details), cloud_status=200)
    return AgentUnreachable(AGENT_UNREACHABLE.occurred(said=said, details=details), cloud_status=200)


def read_heartbeat(document: dict[str, Any]) -> Heartbeat:
    """Read a clean heartbeat; `ready: false` is an `AgentNotReady` (cloud-api-latest L11 rule 20)."""
    result = members(document.get("result"))
    if result.get("ready") is False:
        raise AgentNotReady(AGENT_NOT_READY.occurred(), cloud_status=200)
    return Heartbeat(text(result.get("status")), text(result.get("runtime")))


def reply_text(
    document: dict[str, Any],
    redaction: CloudTextRedactor = CloudTextRedactor(None),  # noqa: B008 - holds nothing
) -> str:
    """Return what the agent said in answer to `message.send`; `ReplyFailed` when it did not say it."""
    result = members(document.get("result"))
    reply = result.get("text")
    failure = failure_of(result, redaction)
    if failure is None and not isinstance(reply, str):
        raise unexpected("there is no reply of the agent in it")
    if failure is None and is_empty(str(reply)):
        failure = "it sent an empty reply", {}
    if failure is not None:
        said, details = failure
        raise ReplyFailed(REPLY_FAILED.occurred(said=said, details=details), cloud_status=200)
    return str(reply)


def failure_of(reply: dict[str, Any], redaction: CloudTextRedactor) -> tuple[str, dict[str, Any]] | None:
    """Say why a reply is not the agent's own, with the members that tell; None for one that is.

    Such a reply has a text all the same: an apology, or one the cloud made up (cloud-api-latest L11 rule 21).
    """
    kind = reply.get("failureKind")
    if not kind and reply.get("fallback") is not True:
        return None
    names = ("failureKind", "reason", "fallback")
    details = {name: redaction.member(reply[name]) for name in names if reply.get(name)}
    why = text(kind) or text(reply.get("reason")) or "the text is the cloud's own"
    apology = reply.get("text") if kind else None
    shown = f"{why}: {apology}" if isinstance(apology, str) and apology.strip() else why
    return redaction.sentence(shown), details


def is_empty(reply: str) -> bool:
    """Tell whether a whole reply says nothing."""
    return reply.strip() in {"", _NO_RESPONSE}


def is_cut_off(document: dict[str, Any]) -> bool:
    """Tell whether the bridge says "unreachable", which is also what it says when its own time was up."""
    said = members(document.get("error")).get("message")
    return isinstance(said, str) and "unreachable" in said.casefold()


def took_too_long(seconds: float) -> AgentTimedOut:
    """Return the error for an agent that was still busy after `seconds`."""
    return AgentTimedOut(AGENT_TIMEOUT.occurred(seconds=round(seconds)))
