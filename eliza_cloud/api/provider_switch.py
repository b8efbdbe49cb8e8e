"""POST /api/provider/switch (contract local-api §12)."""

from typing import Any

from aiohttp import web

from eliza_cloud.api.answers import answer
from eliza_cloud.api.body import read_object
from eliza_cloud.api.errors import RequestError, bad_request
from eliza_cloud.api.keys import GATEWAY
from eliza_cloud.api.routing import capability_of, write
from eliza_cloud.api.wire.routing import SWITCH_IN_PROGRESS, ProviderSwitched
from eliza_cloud.routing.contract import Capability
from eliza_cloud.routing.normalise import RouteRefused
from eliza_cloud.routing.switching import MAX_KEY, key_variable, known_provider, switched_route, switching


async def switch_provider(request: web.Request) -> web.Response:
    """Rewrite the route of `capability` (llmText by default) and nothing else; no restart is needed.

    Body: provider, apiKey?, primaryModel?, remoteApiBase? (for `remote`), capability?. `useLocalEmbeddings`,
    which front ends send, would change a second capability and is ignored.
    """
    body = await read_object(request)
    name = _text(body, "provider", "Missing provider")
    if name is None:
        raise bad_request("Missing provider", "missing_provider")
    capability = capability_of(_text(body, "capability") or Capability.LLM_TEXT.value)
    gateway = request.app[GATEWAY]
    providers = (await gateway.table()).providers
    provider = known_provider(name, providers)
    if provider is None:
        raise bad_request("Invalid provider", "invalid_provider")
    key = _key(body)
    try:
        route = switched_route(provider, _text(body, "primaryModel"), _text(body, "remoteApiBase"))
        variable = key_variable(provider, providers) if key else None
    except RouteRefused as refused:
        raise bad_request(f"{refused}.", "invalid_route") from None
    if gateway.switching.locked():
        raise RequestError(SWITCH_IN_PROGRESS)
    async with gateway.switching:
        await write(request, switching(capability, route, (variable, key) if variable and key else None))
    return answer(
        ProviderSwitched(
            ok=True,
            success=True,
            provider=provider,
            capability=capability,
            restarting=False,
            requires_restart=False,
        )
    )


def _key(body: dict[str, Any]) -> str | None:
    key = _text(body, "apiKey")
    if key is not None and len(key) > MAX_KEY:
        raise bad_request("API key is too long", "invalid_key")
    if key is not None and not all("!" <= character <= "~" for character in key):
        raise bad_request("API key must be printable ASCII without blanks", "invalid_key")
    return key


def _text(body: dict[str, Any], name: str, message: str | None = None) -> str | None:
    value = body.get(name)
    if not isinstance(value, str | None):
        raise bad_request(message or f"{name} must be a string")
    return (value.strip() or None) if value else None
