"""Routes in words."""

from typing import Any


def upstream_words(view: dict[str, Any]) -> str:
    """Write where a capability goes: `● openai, model gpt-5-mini`."""
    if view["usable"]:
        model = (view["inForce"] or {}).get("primaryModel")
        inferred = "  (because its key is in eliza.json)" if view.get("inferred") else ""
        return f"● {view['leadsTo']}" + (f", model {model}" if model else "") + inferred
    route = view["configured"]
    if route is None:
        return "○ not routed"
    return f"✗ {route.get('backend') or route.get('remoteApiBase') or '?'}: cannot be used"


def remedy(view: dict[str, Any]) -> str:
    """Say why a route that is set cannot be used; empty where it can, or where none is set."""
    return "" if view["usable"] or view["configured"] is None else str(view["message"])
