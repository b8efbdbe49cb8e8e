"""What the cloud's contract says to both stand-ins that answer by it: routes, and the shapes of answers."""

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"

AGENTS = "/api/v1/eliza/agents"
#: Method, path and the name by which a test speaks of the call; a `bridge` is a heartbeat or a message.
ROUTES = (
    ("GET", "/api/v1/user", "user"),
    ("GET", "/api/v1/credits/balance", "balance"),
    ("GET", AGENTS, "list"),
    ("POST", AGENTS, "create"),
    ("GET", AGENTS + "/{id}", "get"),
    ("DELETE", AGENTS + "/{id}", "delete"),
    ("POST", AGENTS + "/{id}/provision", "provision"),
    ("POST", AGENTS + "/{id}/suspend", "suspend"),
    ("POST", AGENTS + "/{id}/resume", "resume"),
    ("POST", AGENTS + "/{id}/bridge", "bridge"),
    ("POST", AGENTS + "/{id}/stream", "stream"),
    ("POST", AGENTS + "/{id}/snapshot", "snapshot"),
    ("GET", AGENTS + "/{id}/backups", "backups"),
    ("POST", AGENTS + "/{id}/restore", "restore"),
    ("GET", AGENTS + "/{id}/upgrade-tier", "quote"),
    ("POST", AGENTS + "/{id}/upgrade-tier", "upgrade"),
    ("GET", "/api/v1/jobs/{id}", "job"),
    ("POST", "/api/auth/cli-session", "login"),
    ("GET", "/api/auth/cli-session/{id}", "poll"),
    ("DELETE", "/api/auth/cli-session/{id}", "revoke"),
    ("DELETE", "/api/v1/api-keys/current", "revoke_key"),
)

#: The real cloud's answer for a dead sandbox: HTTP 200 with a JSON-RPC error.
DEAD_SANDBOX = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "Sandbox is not running"}}


def success(data: object, **members: object) -> dict[str, object]:
    return {"success": True, "data": data, **members}


def error(text: str, **members: object) -> dict[str, object]:
    return {"success": False, "error": text, **members}


def call_name(route: str, rpc_method: str | None) -> str:
    """Return the name of a call: that of its route or, for a bridge, of the method that is sent over it."""
    return route if rpc_method is None else {"heartbeat": "heartbeat", "message.send": "message"}[rpc_method]
