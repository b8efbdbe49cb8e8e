"""Bridge and stream in generation L (cloud-api-latest L6, L17): readiness, canned replies, shared runtime.

A dedicated agent that never had a container is answered by the shared runtime, which remembers nothing of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import sandbox
from eliza_cloud.emulator.eliza import program
from eliza_cloud.emulator.endpoints.bridge import CHECK, running_sandbox
from eliza_cloud.emulator.endpoints.stream import CHECK_TYPED, HEADERS, MIDWAY
from eliza_cloud.emulator.generations.latest.personal import conversation_partner
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import (
    ApiError,
    api_error,
    coded_error,
    json_response,
    not_found,
    read_json,
    to_json,
)

_UNAVAILABLE = -32000
_UNKNOWN_METHOD = -32601
_APOLOGY = "I'm having trouble reaching my language model right now. Please try again later."


class _RpcError(Exception):
    """A JSON-RPC error, sent with HTTP 200."""

    def __init__(self, message: str, code: int = _UNAVAILABLE) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a message brought: the text, and the members that say whether the agent said it."""

    text: str
    marks: Mapping[str, object]


def _is_bootstrapping(agent: Row) -> bool:
    """Whether the shared runtime answers for a dedicated agent that never had a container."""
    return agent["status"] in ("pending", "provisioning") and agent["bridge_url"] is None and not agent["ran"]


def _is_shared(agent: Row) -> bool:
    return agent["execution_tier"] == "shared" or _is_bootstrapping(agent)


def _script(cloud: Cloud, agent: Row) -> dict[str, object]:
    """What the control endpoints have the next message do; a script lasts for its number of messages."""
    script: dict[str, object] = json.loads(agent["script"] or "{}")
    left = script.get("count")
    if isinstance(left, int):
        rest = None if left <= 1 else to_json({**script, "count": left - 1})
        cloud.database.update("agents", agent["id"], {"script": rest})
    return script


async def _said(cloud: Cloud, agent: Row, text: str, *, is_remembered: bool) -> _Reply:
    script = _script(cloud, agent)
    if "seconds" in script:
        await cloud.clock.sleep(float(str(script["seconds"])))
    if script.get("empty"):
        return _Reply("", {})
    if "failureKind" in script:
        return _Reply(_APOLOGY, {"failureKind": script["failureKind"]})
    if script.get("fallback"):
        marks = {"fallback": True, "reason": "agent_no_reply", "transport": "fallback"}
        return _Reply("I received your message and will get back to you.", marks)
    reply = sandbox.converse(cloud, agent["id"], text) if is_remembered else program.reply(text, [])
    return _Reply(reply, {})


async def _once(cloud: Cloud, agent: Row, text: str, message_id: object, *, is_remembered: bool) -> _Reply:
    """The reply to a message; one that was sent before under this id is not said again."""
    if not isinstance(message_id, str):
        return await _said(cloud, agent, text, is_remembered=is_remembered)
    known = cloud.database.one(
        "SELECT * FROM client_messages WHERE agent_id = ? AND message_id = ?", agent["id"], message_id
    )
    if known is not None and known["text"] != text:
        error = "Another message was sent with this client message id"
        raise api_error(409, error, code="client_message_conflict", retryable=False)
    if known is not None:
        return _Reply(known["reply"], {})
    reply = await _said(cloud, agent, text, is_remembered=is_remembered)
    if reply.text and not reply.marks:
        row = {"agent_id": agent["id"], "message_id": message_id, "text": text, "reply": reply.text}
        cloud.database.insert("client_messages", row)
    return reply


def _params(rpc: dict[str, object]) -> dict[str, object]:
    params = rpc.get("params")
    return params if isinstance(params, dict) else {}


async def _message(cloud: Cloud, agent: Row, rpc: dict[str, object], transport: str) -> dict[str, object]:
    params = _params(rpc)
    text = params.get("text")
    if not isinstance(text, str):
        raise _RpcError("Invalid params: text must be a string", -32602)
    is_remembered = sandbox.find(cloud, agent["id"]) is not None
    reply = await _once(cloud, agent, text, params.get("clientMessageId"), is_remembered=is_remembered)
    if not reply.text:
        raise _RpcError("Bridge message produced an empty response")
    conversation = params.get("conversationId") or f"conversation-{agent['id']}"
    return {
        "text": reply.text,
        "transport": transport,
        "agentName": agent["agent_name"],
        "conversationId": conversation,
        **reply.marks,
    }


async def _shared_result(cloud: Cloud, agent: Row, rpc: dict[str, object]) -> dict[str, object]:
    identity = {"agentId": agent["id"], "agentName": agent["agent_name"]}
    match rpc["method"]:
        case "message.send":
            return await _message(cloud, agent, rpc, "conversation-rest")
        case "heartbeat" | "status.get":
            return {"status": "running", "ready": True, **identity, "runtime": "shared"}
        case method:
            raise _RpcError(f"Method not found: {method}", _UNKNOWN_METHOD)


async def _dedicated_result(
    cloud: Cloud, agent: Row, found: Row, rpc: dict[str, object]
) -> dict[str, object]:
    is_ready = found["state"] == "running"
    match rpc["method"]:
        case "message.send":
            if not is_ready:
                raise _RpcError("Runtime agent is not ready")
            return await _message(cloud, agent, rpc, "native-jsonrpc")
        case "heartbeat":
            status = {"status": "running" if is_ready else "starting", "ready": is_ready}
            if agent["docker_image"] is not None:
                # An image of one's own has no list of agents to look into.
                return {"status": "running", "ready": True, "runtime": "web", "chat": True}
            runtime = {"runtimeAgentId": agent["id"]} if is_ready else {}
            return {**status, "agentId": agent["id"], **runtime, "agentName": agent["agent_name"]}
        case "status.get":
            return {**sandbox.status(cloud, found), "ready": is_ready}
        case method:
            raise _RpcError(f"Method not found: {method}", _UNKNOWN_METHOD)


async def _result(
    request: web.Request, cloud: Cloud, agent: Row, rpc: dict[str, object]
) -> dict[str, object]:
    if _is_shared(agent):
        return await _shared_result(cloud, agent, rpc)
    found = running_sandbox(cloud, agent)
    if found is None:
        raise _RpcError("Sandbox is not running")
    if len(await request.read()) > sandbox.BODY_LIMIT:
        sandbox.set_state(cloud, agent["id"], "dead")
        raise _RpcError("Sandbox bridge is unreachable")
    if found["state"] == "dead":
        raise _RpcError("Sandbox bridge is unreachable")
    return await _dedicated_result(cloud, agent, found, rpc)


async def call_bridge(request: web.Request) -> web.Response:
    """JSON-RPC to the agent: HTTP 200 with a result or an error; 404 for an unknown agent."""
    cloud = request.app[CLOUD]
    require_caller(request)
    rpc, wrong = zod.valid_object(await read_json(request, cloud), CHECK)
    if wrong:
        raise api_error(400, "Invalid JSON-RPC request", details=wrong)
    agent = conversation_partner(request)
    head = {"jsonrpc": "2.0", **({"id": rpc["id"]} if "id" in rpc else {})}
    try:
        return json_response({**head, "result": await _result(request, cloud, agent, rpc)})
    except _RpcError as error:
        return json_response({**head, "error": {"code": error.code, "message": str(error)}})


async def stream_message(request: web.Request) -> web.StreamResponse:
    """A shared agent's reply as events; a dedicated agent has no stream."""
    cloud = request.app[CLOUD]
    require_caller(request)
    rpc, wrong = zod.valid_object(await read_json(request, cloud), CHECK_TYPED)
    if wrong:
        raise ApiError(400, {"error": "Invalid request", "details": wrong})
    agent = conversation_partner(request)
    if not _is_shared(agent):
        raise not_found(cloud, "Not a shared-runtime agent")
    if _is_down(cloud, agent):
        raise coded_error(503, "service_unavailable", "The shared runtime is not available")
    params = _params(rpc)
    text = str(params["text"])
    is_remembered = sandbox.find(cloud, agent["id"]) is not None
    events = web.StreamResponse(headers=HEADERS)
    if MIDWAY in request:
        await events.prepare(request)
        await _send(events, "connected", {"timestamp": sandbox.milliseconds(cloud)})
        await _send(events, "chunk", {"text": "I was about to", "type": "token"})
        await request[MIDWAY]()
        return events
    reply = await _once(cloud, agent, text, params.get("clientMessageId"), is_remembered=is_remembered)
    await events.prepare(request)
    rpc_id = {"rpcId": rpc["id"]} if "id" in rpc else {}
    await _send(events, "connected", {**rpc_id, "timestamp": sandbox.milliseconds(cloud)})
    for place, word in enumerate(reply.text.split(" ") if reply.text else []):
        await _send(events, "chunk", {"text": word if place == 0 else f" {word}", "type": "token"})
    end = {
        "type": "done",
        "messageId": new_id(),
        "fullText": reply.text,
        "agentName": agent["agent_name"],
        "actionResults": [],
        **reply.marks,
    }
    await _send(events, "done", {**rpc_id, "timestamp": sandbox.milliseconds(cloud), **end})
    await events.write_eof()
    return events


def _is_down(cloud: Cloud, agent: Row) -> bool:
    """Whether the shared runtime was set not to answer for this agent."""
    found = sandbox.find(cloud, agent["id"])
    return found is not None and found["state"] != "running"


async def _send(events: web.StreamResponse, event: str, data: Mapping[str, object]) -> None:
    await events.write(f"event: {event}\ndata: {to_json(data)}\n\n".encode())
