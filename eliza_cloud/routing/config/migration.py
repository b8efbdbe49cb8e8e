"""From the older flags to `serviceRouting` (local-api §16).

It runs once, at the start of the service, on a file that holds what it takes away. `cloud.enabled` stays and
says nothing by itself: a sign-in sets it, and linkage is not use. Documents are edited in place.
"""

from collections.abc import Mapping
from typing import Any

from eliza_cloud.routing.config.edit import put_route
from eliza_cloud.routing.config.parse import backend_id, routes_in
from eliza_cloud.routing.config.table import local_provider, remote_target
from eliza_cloud.routing.config.types import ELIZA_CLOUD, SECTION, TIERS, Capability, Route, cloud_route
from eliza_cloud.store.config.api_key import key_in

_FLAGS = ("provider", "remoteApiBase", "remoteAccessToken", "inferenceMode", "runtime")
_SERVICES = ("inference", "tts", "media", "embeddings", "rpc")
_PICKS = ("nano", "small", "medium", "large", "mega")
_LOCAL_MODES = ("byok", "local")


def is_legacy(document: Mapping[str, Any]) -> bool:
    """Tell whether a file holds older flags, or model picks of a time before `serviceRouting`."""
    cloud = _object(document, "cloud")
    flagged = any(name in cloud for name in _FLAGS) or any(
        name in _object(cloud, "services") for name in _SERVICES
    )
    return flagged or "connection" in document or (SECTION not in document and bool(_picks(document)))


def migrate(document: dict[str, Any]) -> None:
    """Rewrite a legacy file by the table's six rules; any other file stays as it is."""
    if not is_legacy(document):
        return
    _deployment_target(document)
    _linked_account(document)
    if not _is_decided(document):
        routes = _routes(document)
        for capability, route in routes.items():
            put_route(document, capability, route)
        if not isinstance(document.get(SECTION), dict):
            document[SECTION] = {}
    _remove_flags(document)


def _deployment_target(document: dict[str, Any]) -> None:
    """Rule 1: a target that is there is kept; local is left implicit."""
    if "deploymentTarget" in document:
        return
    cloud = _object(document, "cloud")
    base = _text(cloud.get("remoteApiBase"))
    if base:
        target = {"runtime": "remote", "provider": "remote", "remoteApiBase": base}
        token = _text(cloud.get("remoteAccessToken"))
        document["deploymentTarget"] = {**target, "remoteAccessToken": token} if token else target
    elif cloud.get("runtime") == "cloud" and _is_cloud(cloud) and _text(cloud.get("agentId")):
        document["deploymentTarget"] = {"runtime": "cloud", "provider": ELIZA_CLOUD}


def _linked_account(document: dict[str, Any]) -> None:
    """Rule 2: a key means a linked account, unless a status says otherwise."""
    accounts = document.get("linkedAccounts", {})
    if key_in(document) is None or not isinstance(accounts, dict):
        return
    account = accounts.get(ELIZA_CLOUD, {})
    if isinstance(account, dict) and "status" not in account:
        linked = {**account, "status": "linked", "source": account.get("source", "api-key")}
        document["linkedAccounts"] = {**accounts, ELIZA_CLOUD: linked}


def _is_decided(document: Mapping[str, Any]) -> bool:
    """Rule 3: valid routes win over all flags; so does a section that was emptied on purpose."""
    section = document.get(SECTION)
    if not isinstance(section, dict):
        return False
    return bool(routes_in(document)) or not any(capability.value in section for capability in Capability)


def _routes(document: Mapping[str, Any]) -> dict[Capability, Route]:
    """Rules 4 and 5: the routes the flags meant."""
    services = _object(_object(document, "cloud"), "services")
    routes = {
        capability: cloud_route()
        for capability in (Capability.TTS, Capability.MEDIA, Capability.EMBEDDINGS, Capability.RPC)
        if services.get(capability.value) is True
    }
    text = remote_target(document)
    if text is None:
        text = _cloud_inference(document) if _chose_inference(document) else local_provider(document)
    return routes if text is None else {Capability.LLM_TEXT: text, **routes}


def _chose_inference(document: Mapping[str, Any]) -> bool:
    cloud = _object(document, "cloud")
    opted_out = (
        cloud.get("enabled") is False
        or cloud.get("inferenceMode") in _LOCAL_MODES
        or _object(cloud, "services").get("inference") is False
    )
    chosen = (
        cloud.get("enabled") is True
        or _is_cloud(cloud)
        or cloud.get("inferenceMode") == "cloud"
        or bool(_picks(document))
    )
    return chosen and not opted_out


def _cloud_inference(document: Mapping[str, Any]) -> Route:
    return cloud_route(**{TIERS[tier]: model for tier, model in _picks(document).items()})


def _remove_flags(document: dict[str, Any]) -> None:
    """Rule 6: what has been migrated goes, so that it is migrated once; `cloud.enabled` stays."""
    document.pop("connection", None)
    cloud = _object(document, "cloud")
    for name in _FLAGS:
        cloud.pop(name, None)
    services = cloud.get("services")
    if isinstance(services, dict):
        for name in _SERVICES:
            services.pop(name, None)
        if not services:
            del cloud["services"]


def _picks(document: Mapping[str, Any]) -> dict[str, str]:
    models = _object(document, "models")
    return {tier: text for tier in _PICKS if (text := _text(models.get(tier)))}


def _is_cloud(cloud: Mapping[str, Any]) -> bool:
    provider = _text(cloud.get("provider"))
    return provider is not None and backend_id(provider) == ELIZA_CLOUD


def _object(node: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None
