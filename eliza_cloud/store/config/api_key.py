"""The API key, and whatever else is a secret, inside an eliza.json document and its text."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from eliza_cloud.store.config.json5 import describe
from eliza_cloud.store.errors import ConfigError


def key_in(document: Mapping[str, Any]) -> str | None:
    """Return `cloud.apiKey` without surrounding blanks; None when absent, blank or not a string."""
    cloud = document.get("cloud")
    key = cloud.get("apiKey") if isinstance(cloud, dict) else None
    return (key.strip() or None) if isinstance(key, str) else None


def enabled_in(document: Mapping[str, Any]) -> bool:
    """Return whether `cloud.enabled` is true."""
    cloud = document.get("cloud")
    return isinstance(cloud, dict) and cloud.get("enabled") is True


def put_key(document: dict[str, Any], key: str) -> None:
    """Write `cloud.apiKey` and `cloud.enabled: true`; ConfigError when `cloud` is no object."""
    cloud = _cloud(document)
    cloud["apiKey"] = key
    cloud["enabled"] = True


def remove_key(document: dict[str, Any], keys: Collection[str]) -> None:
    """Remove `cloud.apiKey`, set `cloud.enabled: false`, and cut `keys` out of every other string.

    A copy elsewhere (an `env` block, say) would bring the login back on the next start. A key that is none of
    `keys` stays, and stays enabled.
    """
    cloud = _cloud(document)
    if key_in(document) in (None, *keys):
        cloud.pop("apiKey", None)
        cloud["enabled"] = False
    _cut(document, [key for key in keys if _distinct(key)])


def secrets_in(document: Mapping[str, Any]) -> set[str]:
    """Return the values of members named like a secret, and of `env`, which holds providers' keys."""
    return set(_secrets(document, within=False))


def without_secrets(document: dict[str, Any], secrets: Collection[str]) -> dict[str, Any]:
    """Return the document with every copy of `secrets`, and what `secrets_in` finds, cut out."""

    def clean(node: Any, *, within: bool) -> Any:
        if isinstance(node, dict):
            return {
                name: clean(value, within=_is_secret(name, within=within)) for name, value in node.items()
            }
        if isinstance(node, list):
            return [clean(value, within=within) for value in node]
        if isinstance(node, str):
            return "" if within else without_keys(node, [secret for secret in secrets if _distinct(secret)])
        return node

    cleaned: dict[str, Any] = clean(document, within=False)
    return cleaned


_SECRET_NAME = re.compile(r"(key|token|secret|passw(or)?d|env)$", re.IGNORECASE)


def _is_secret(name: str, *, within: bool) -> bool:
    return within or _SECRET_NAME.search(name) is not None


def _secrets(node: Any, *, within: bool) -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _secrets(value, within=_is_secret(name, within=within))
    elif isinstance(node, list):
        for value in node:
            yield from _secrets(value, within=within)
    elif within and isinstance(node, str) and node.strip():
        yield node


def contains(text: str, keys: Collection[str]) -> bool:
    """Return whether the text holds a literal copy of a key that is too long to be an ordinary word."""
    return any(_distinct(key) and key in text for key in keys)


def without_keys(text: str, keys: Collection[str]) -> str:
    """Return the text with every copy of `keys` cut out; a short one only where it is a whole string."""
    for key in keys:
        if _distinct(key):
            text = text.replace(key, "")
        else:
            text = text.replace(f'"{key}"', '""').replace(f"'{key}'", "''")
    return text


def _distinct(key: str) -> bool:
    return len(key) >= 16


def _cloud(document: dict[str, Any]) -> dict[str, Any]:
    cloud = document.setdefault("cloud", {})
    if not isinstance(cloud, dict):
        raise ConfigError(f"cloud: expected an object, found {describe(cloud)}")
    return cloud


def _cut(node: Any, keys: Collection[str]) -> None:
    members = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in list(members):
        if isinstance(value, str):
            node[name] = without_keys(value, keys)
        elif isinstance(value, (dict, list)):
            _cut(value, keys)
