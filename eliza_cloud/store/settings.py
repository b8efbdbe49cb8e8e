"""The settings under `cloud` in eliza.json, decoded and checked (contract local-api §15)."""

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from eliza_cloud.core.secret import Secret
from eliza_cloud.store.config_text import describe
from eliza_cloud.store.environment import BASE_URL, value_of
from eliza_cloud.store.errors import ConfigError

DEFAULT_BASE_URL = "https://www.elizacloud.ai"


class Settings(msgspec.Struct, frozen=True):
    """What eliza.json says about the cloud; durations in seconds, `max_reconnect_attempts` 0 means no end.

    `service_key` is a trusted backend's own key, sent with billing calls (contract local-api §9).
    """

    base_url: str | None = None
    enabled: bool = False
    backup_interval: float = 60.0
    heartbeat_interval: float = 30.0
    max_failures: int = 3
    reconnect_interval: float = 3.0
    max_reconnect_delay: float = 60.0
    max_reconnect_attempts: int = 10
    login_timeout: float = 300.0
    login_request_timeout: float = 10.0
    login_poll_interval: float = 2.0
    credits_interval: float = 300.0
    service_key: Secret | None = None


class _WrongError(Exception):
    """A value is not what was expected; the message says what was."""


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise _WrongError("a string")
    return value.strip() or None


def _credential(value: Any) -> Secret | None:
    if not isinstance(value, str) or not (value.strip().isascii() and value.strip().isprintable()):
        raise _WrongError("a string of printable ASCII characters")
    return Secret(value.strip()) if value.strip() else None


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("true or false")
    return value


def _seconds(value: Any) -> float:
    if not _is_number(value) or not 20 <= value <= 1e12:
        raise _WrongError("a number of milliseconds from 20 to 1000000000000")
    return float(value) / 1000


def _whole(least: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not _is_number(value) or value != int(value) or value < least:
            raise _WrongError(f"a whole number of at least {least}")
        return int(value)

    return check


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


_FIELDS: dict[str, tuple[str | None, Callable[[Any], Any]]] = {
    "cloud.baseUrl": ("base_url", _text),
    "cloud.enabled": ("enabled", _switch),
    "cloud.apiKey": (None, _credential),
    "cloud.serviceKey": ("service_key", _credential),
    "cloud.backup.autoBackupIntervalMs": ("backup_interval", _seconds),
    "cloud.bridge.heartbeatIntervalMs": ("heartbeat_interval", _seconds),
    "cloud.bridge.maxFailures": ("max_failures", _whole(1)),
    "cloud.bridge.reconnectIntervalMs": ("reconnect_interval", _seconds),
    "cloud.bridge.maxReconnectDelayMs": ("max_reconnect_delay", _seconds),
    "cloud.bridge.maxReconnectAttempts": ("max_reconnect_attempts", _whole(0)),
    "cloud.login.timeoutMs": ("login_timeout", _seconds),
    "cloud.login.requestTimeoutMs": ("login_request_timeout", _seconds),
    "cloud.login.pollIntervalMs": ("login_poll_interval", _seconds),
    "cloud.credits.watchIntervalMs": ("credits_interval", _seconds),
}
_SECTIONS = ("cloud", "cloud.backup", "cloud.bridge", "cloud.login", "cloud.credits")
# Written by other programs and by older versions; they have no effect here.
_LEFT_ALONE = {
    "cloud.agentId",
    "cloud.autoProvision",
    "cloud.container",
    "cloud.inferenceMode",
    "cloud.provider",
    "cloud.remoteAccessToken",
    "cloud.remoteApiBase",
    "cloud.runtime",
    "cloud.services",
    "cloud.backup.maxSnapshots",
}
_BY_LEAF = {path.rpartition(".")[2].lower(): path for path in _FIELDS}


def read_settings(document: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Return the settings and one warning for each unknown key of the five sections.

    Raises ConfigError naming path, expected and found for the first wrong value; a key is never shown.
    """
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for path, value in _entries(document):
        if path in _FIELDS:
            field, check = _FIELDS[path]
            try:
                checked = check(value)
            except _WrongError as expected:
                found = "something else (not shown)" if check is _credential else describe(value)
                raise ConfigError(f"{path}: expected {expected}, found {found}") from None
            if field is not None:
                values[field] = checked
        elif path not in _LEFT_ALONE:
            warnings.append(_unknown(path))
    return Settings(**values), warnings


def effective_base_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return ELIZAOS_CLOUD_BASE_URL unless blank, else `cloud.baseUrl`, else the public cloud; unchecked."""
    return value_of(environ, BASE_URL) or settings.base_url or DEFAULT_BASE_URL


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) for every key of the sections that are present."""
    for section in _SECTIONS:
        node: Any = document
        for name in section.split("."):
            node = node.get(name, {})
            if not isinstance(node, dict):
                raise ConfigError(f"{section}: expected an object, found {describe(node)}")
        for name, value in node.items():
            path = f"{section}.{name}"
            if path not in _SECTIONS:
                yield path, value


def _unknown(path: str) -> str:
    near = difflib.get_close_matches(path.rpartition(".")[2].lower(), _BY_LEAF, n=1)
    hint = f"; did you mean {_BY_LEAF[near[0]]}?" if near else "."
    shown = path if path.isprintable() and len(path) <= 40 else describe(path)
    return f"{shown} is not a known setting and has no effect{hint}"
