"""The settings under `cloud` in eliza.json: the one table of them, decoded and checked (local-api §15)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.credits import POLL_INTERVAL
from eliza_cloud.core.link.state import CURRENT_EDITION, Policy
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.env import API_KEY, BASE_URL, ENABLED, value_of
from eliza_cloud.store.config.setting_types import (
    CREDENTIAL,
    DOLLARS,
    MILLISECONDS,
    MILLISECONDS_OR_NEVER,
    SWITCH,
    TEXT,
    Setting,
    TakesEffect,
    ValueKind,
    whole,
)
from eliza_cloud.store.config.validate import problems, tree
from eliza_cloud.store.errors import ConfigError

DEFAULT_BASE_URL = "https://www.elizacloud.ai"
_POLICY = Policy()


class Settings(msgspec.Struct, frozen=True):
    """What eliza.json says about the cloud; durations in seconds, `max_reconnect_attempts` 0 means no end.

    `service_key` is a trusted backend's own key, sent with billing calls (local-api §9).
    """

    base_url: str | None = None
    enabled: bool = False
    backup_interval: float = _POLICY.backup_interval
    heartbeat_interval: float = _POLICY.heartbeat_interval
    max_failures: int = _POLICY.max_failures
    reconnect_interval: float = _POLICY.backoff.initial
    max_reconnect_delay: float = _POLICY.backoff.ceiling
    max_reconnect_attempts: int = _POLICY.backoff.attempts
    login_timeout: float = 300.0
    login_request_timeout: float = 10.0
    login_poll_interval: float = 2.0
    credits_interval: float = POLL_INTERVAL
    service_key: Secret | None = None
    pages_url: str | None = None
    restart_unresponsive: bool = True
    recheck_interval: float = 600.0
    max_hourly_usd: float | None = None
    max_start_usd: float | None = None

    @property
    def policy(self) -> Policy:
        """The numbers that the table decides by."""
        return Policy(
            max_failures=self.max_failures,
            backoff=Backoff(
                initial=self.reconnect_interval,
                ceiling=self.max_reconnect_delay,
                attempts=self.max_reconnect_attempts,
            ),
            heartbeat_interval=self.heartbeat_interval,
            backup_interval=self.backup_interval,
            edition=CURRENT_EDITION,
            restart_unresponsive=self.restart_unresponsive,
            recheck_interval=self.recheck_interval,
        )


def _setting(path: str, kind: ValueKind, field: str, about: str) -> Setting:
    """Describe a setting that SIGHUP takes in; its default is the member's."""
    default = kind.written(getattr(Settings(), field))
    return Setting(path=f"cloud.{path}", kind=kind, about=about, default=default, field=field)


CLOUD_SETTINGS = (
    Setting(
        path="cloud.baseUrl",
        kind=TEXT,
        about="The https address of the cloud.",
        default=DEFAULT_BASE_URL,
        takes_effect=TakesEffect.RESTART,
        field="base_url",
        variable=BASE_URL,
    ),
    Setting(
        path="cloud.pagesUrl",
        kind=TEXT,
        about="The https address of the cloud's pages (sign-in, billing), where it is not the base URL.",
        takes_effect=TakesEffect.RESTART,
        field="pages_url",
    ),
    Setting(
        path="cloud.enabled",
        kind=SWITCH,
        about="Whether the machine is signed in: set by signing in, cleared by disconnecting.",
        default=False,
        takes_effect=TakesEffect.RESTART,
        field="enabled",
        variable=ENABLED,
    ),
    Setting(
        path="cloud.apiKey",
        kind=CREDENTIAL,
        about="The API key: set by signing in, removed by disconnecting.",
        takes_effect=TakesEffect.RESTART,
        variable=API_KEY,
    ),
    Setting(
        path="cloud.serviceKey",
        kind=CREDENTIAL,
        about="A trusted backend's own key, sent with billing calls.",
        field="service_key",
    ),
    _setting(
        "backup.autoBackupIntervalMs",
        MILLISECONDS,
        "backup_interval",
        "How often a backup is taken while the link stands.",
    ),
    _setting(
        "bridge.heartbeatIntervalMs",
        MILLISECONDS,
        "heartbeat_interval",
        "How often the agent's sandbox is asked whether it lives.",
    ),
    _setting("bridge.maxFailures", whole(1), "max_failures", "Missed heartbeats in a row before repairing."),
    _setting(
        "bridge.reconnectIntervalMs",
        MILLISECONDS,
        "reconnect_interval",
        "The first pause between attempts to reconnect; each further one is twice as long.",
    ),
    _setting(
        "bridge.maxReconnectDelayMs",
        MILLISECONDS,
        "max_reconnect_delay",
        "The longest pause between attempts to reconnect.",
    ),
    _setting(
        "bridge.maxReconnectAttempts",
        whole(0),
        "max_reconnect_attempts",
        "Attempts to reconnect before giving up; 0 for no limit.",
    ),
    _setting(
        "bridge.restartUnresponsive",
        SWITCH,
        "restart_unresponsive",
        "Whether an agent whose sandbox is dead is stopped and started once, after three attempts.",
    ),
    _setting(
        "bridge.recheckIntervalMs",
        MILLISECONDS_OR_NEVER,
        "recheck_interval",
        "When no attempts are left: how often the cloud is asked whether it is back; with 0 never.",
    ),
    _setting(
        "spending.maxHourlyUsd",
        DOLLARS,
        "max_hourly_usd",
        "The most an hour of a started agent may cost without asking; takes effect only with `maxStartUsd`.",
    ),
    _setting(
        "spending.maxStartUsd",
        DOLLARS,
        "max_start_usd",
        "The most one start of an agent may cost without asking; takes effect only with `maxHourlyUsd`.",
    ),
    _setting("login.timeoutMs", MILLISECONDS, "login_timeout", "How long a sign-in is waited for."),
    _setting(
        "login.requestTimeoutMs",
        MILLISECONDS,
        "login_request_timeout",
        "How long one question to the cloud about a sign-in may take.",
    ),
    _setting(
        "login.pollIntervalMs",
        MILLISECONDS,
        "login_poll_interval",
        "The pause between two questions whether a sign-in is done.",
    ),
    _setting(
        "credits.watchIntervalMs",
        MILLISECONDS,
        "credits_interval",
        "How often the balance is looked at while a link stands.",
    ),
)
# Written by other programs and by older versions; they have no effect here.
LEFT_ALONE = (
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
)
#: A setting of other programs that people expect an effect of.
UNUSED_SHELL = "env.shellEnv"
SHELL_NOTE = "is not used: variables come from the service's own environment, and from env in eliza.json."
_CLOUD = tree(CLOUD_SETTINGS, left_alone=LEFT_ALONE)


def read_settings(document: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Return the settings and one warning for each unknown key under `cloud`.

    Raises ConfigError naming path, expected and found for the first wrong value; a key is never shown.
    """
    warnings: list[str] = []
    for problem in problems({"cloud": document.get("cloud", {})}, _CLOUD):
        if problem.expected is not None:
            raise ConfigError(problem.sentence)
        warnings.append(problem.sentence)
    if value_at(document, UNUSED_SHELL) is not None:
        warnings.append(f"{UNUSED_SHELL} {SHELL_NOTE}")
    values = {
        setting.field: setting.kind.read(value)
        for setting in CLOUD_SETTINGS
        if setting.field is not None and (value := value_at(document, setting.path)) is not None
    }
    return Settings(**values), warnings


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return what a document holds at a path; None for nothing."""
    node: Any = document
    for name in path.split("."):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def effective_base_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return ELIZAOS_CLOUD_BASE_URL unless blank, else `cloud.baseUrl`, else the public cloud; unchecked."""
    return value_of(environ, BASE_URL) or settings.base_url or DEFAULT_BASE_URL
