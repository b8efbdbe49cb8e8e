"""`POST …/stream` (cloud-api §13): a reply as server-sent events. Only `done` is success."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import records, sandbox
from eliza_cloud.emulator.endpoints.bridge import running_sandbox
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row, new_id
from eliza_cloud.emulator.server.responses import ApiError, api_error, read_json, to_json

#: What a scripted fault does after the first chunk; the stream then ends without `done`.
MIDWAY: web.RequestKey[Callable[[], Awaitable[None]]] = web.RequestKey("midway")
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "Connection": "keep-alive",
    "X-Accel-Buffering": "no",
}
_TYPES = {"chunk": "token", "done": "done", "error": "error"}

_PARAMS: dict[str, zod.Check] = {
    "text": zod.string(1),
    "roomId": zod.optional(zod.string()),
}
_RPC: dict[str, zod.Check] = {
    "jsonrpc": zod.one_of("2.0"),
    "id": zod.optional(zod.any_of(zod.string(), zod.number())),
    "method": zod.one_of("message.send"),
}
_check = zod.fields({**_RPC, "params": zod.fields(_PARAMS)})
CHECK_TYPED = zod.fields(
    {
        **_RPC,
        "params": zod.fields({**_PARAMS, "mode": zod.optional(zod.one_of("simple", "power"))}),
    }
)


async def stream_message(request: web.Request) -> web.StreamResponse:
    """Answer one message as events: `connected`, `chunk`…, `done`; one `error` if the sandbox is down."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    rpc, wrong = zod.valid_object(await read_json(request, cloud), CHECK_TYPED if not cloud.is_c else _check)
    if wrong:
        raise ApiError(400, {"error": "Invalid request", "details": wrong})
    agent = records.find(cloud, request.match_info["agent_id"], caller.organization_id)
    if not cloud.is_c and agent is None:
        raise api_error(404, "Agent not found")
    if not cloud.is_c and agent is not None and agent["execution_tier"] != "shared":
        # This route of N has no way to a dedicated agent's container; only bridge has.
        raise api_error(404, "Not a shared-runtime agent")
    events = web.StreamResponse(headers=HEADERS)
    await events.prepare(request)
    await _converse(request, events, cloud, agent, rpc)
    await events.write_eof()
    return events


async def _send(events: web.StreamResponse, cloud: Cloud, event: str, data: Mapping[str, object]) -> None:
    extra = {"type": _TYPES[event]} if not cloud.is_c and event in _TYPES else {}
    await events.write(f"event: {event}\ndata: {to_json({**data, **extra})}\n\n".encode())


def _chunks(cloud: Cloud, reply: str) -> list[str]:
    """C sends the whole reply at once, as its sandboxes do; N sends tokens."""
    if cloud.is_c:
        return [reply]
    words = reply.split(" ")
    return [word if place == 0 else f" {word}" for place, word in enumerate(words)]


async def _converse(
    request: web.Request, events: web.StreamResponse, cloud: Cloud, agent: Row | None, rpc: dict[str, object]
) -> None:
    found = running_sandbox(cloud, agent)
    if agent is None or found is None or found["state"] != "running":
        await _send(events, cloud, "error", {"message": "Sandbox is not running or unreachable"})
        return
    if len(await request.read()) > sandbox.BODY_LIMIT:
        sandbox.set_state(cloud, agent["id"], "dead")
        await _send(events, cloud, "error", {"message": "Sandbox is not running or unreachable"})
        return
    params = rpc["params"]
    text = str(params["text"]) if isinstance(params, dict) else ""
    rpc_id = {"rpcId": rpc["id"]} if "id" in rpc else {}
    await _send(events, cloud, "connected", {**rpc_id, "timestamp": sandbox.milliseconds(cloud)})
    if MIDWAY in request:
        sandbox.hear(cloud, agent["id"], text)
        await _send(events, cloud, "chunk", {"text": "I was about to"})
        await request[MIDWAY]()
        return
    reply = sandbox.converse(cloud, agent["id"], text)
    for chunk in _chunks(cloud, reply):
        await _send(events, cloud, "chunk", {"text": chunk})
    end: dict[str, object] = {**rpc_id, "timestamp": sandbox.milliseconds(cloud)}
    if not cloud.is_c:
        end |= {"messageId": new_id(), "fullText": reply, "agentName": agent["agent_name"]}
    await _send(events, cloud, "done", end)
