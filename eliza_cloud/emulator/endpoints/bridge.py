"""`POST …/bridge` (cloud-api §12): JSON-RPC to the sandbox. HTTP 200 says nothing about its life."""

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.agents import records, sandbox
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.cloud import CLOUD, Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import api_error, json_response, read_json

_UNAVAILABLE = -32000
_UNKNOWN_METHOD = -32601

CHECK = zod.fields(
    {
        "jsonrpc": zod.one_of("2.0"),
        "id": zod.optional(zod.any_of(zod.string(), zod.number())),
        "method": zod.string(1),
        "params": zod.optional(zod.record()),
    }
)


def _envelope(rpc: dict[str, object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", **({"id": rpc["id"]} if "id" in rpc else {})}


def _error(rpc: dict[str, object], code: int, message: str) -> dict[str, object]:
    return {**_envelope(rpc), "error": {"code": code, "message": message}}


def running_sandbox(cloud: Cloud, agent: Row | None) -> Row | None:
    """The sandbox the record promises, dead or alive; None if the record promises none."""
    if agent is None or agent["status"] != "running" or not agent["bridge_url"]:
        return None
    return sandbox.find(cloud, agent["id"])


def _call(cloud: Cloud, found: Row, rpc: dict[str, object]) -> dict[str, object]:
    params = rpc.get("params")
    params = params if isinstance(params, dict) else {}
    match rpc["method"]:
        case "message.send":
            if found["state"] == "initializing":
                return _error(rpc, _UNAVAILABLE, "Bridge returned HTTP 503")
            text = params.get("text")
            said = sandbox.converse(cloud, found["agent_id"], text if isinstance(text, str) else "")
            metadata = {"timestamp": sandbox.milliseconds(cloud)}
            return {**_envelope(rpc), "result": {"text": said, "metadata": metadata}}
        case "status.get":
            return {**_envelope(rpc), "result": sandbox.status(cloud, found)}
        case "heartbeat":
            now = sandbox.milliseconds(cloud)
            return {"jsonrpc": "2.0", "method": "heartbeat.ack", "params": {"timestamp": now}}
        case method:
            return _error(rpc, _UNKNOWN_METHOD, f"Method not found: {method}")


async def call_bridge(request: web.Request) -> web.Response:
    """Pass the call on. C answers 200 with a JSON-RPC error for unknown agents, too; N answers 404."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    rpc, wrong = zod.valid_object(await read_json(request, cloud), CHECK)
    if wrong:
        raise api_error(400, "Invalid JSON-RPC request", details=wrong)
    agent = records.find(cloud, request.match_info["agent_id"], caller.organization_id)
    if agent is None and not cloud.is_c:
        raise api_error(404, "Agent not found")
    found = running_sandbox(cloud, agent)
    if found is None:
        return json_response(_error(rpc, _UNAVAILABLE, "Sandbox is not running"))
    if found["state"] == "dead":
        return json_response(_error(rpc, _UNAVAILABLE, "Sandbox bridge is unreachable"))
    if len(await request.read()) > sandbox.BODY_LIMIT:
        sandbox.set_state(cloud, found["agent_id"], "dead")
        return json_response(_error(rpc, _UNAVAILABLE, "Sandbox bridge is unreachable"))
    return json_response(_call(cloud, found, rpc))
