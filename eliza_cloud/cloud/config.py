"""What a program gives to reach Eliza Cloud: key, base URL, and the numbers a link goes by."""

import math
from typing import Self

import msgspec

from eliza_cloud.cloud.http.address import DEFAULT_BASE_URL, BaseUrl, parse_base_url
from eliza_cloud.core.credits import POLL_INTERVAL
from eliza_cloud.core.link.state import Policy
from eliza_cloud.redaction.secret import Secret

_POLICY = Policy()


class CloudConfig(msgspec.Struct, frozen=True):
    """One account at one cloud; times in seconds. A struct that is made is valid.

    `api_key` None means to be signed in later; it is held as a `Secret`, so that no representation, pickle
    or encoding of the configuration shows it. `allow_loopback` permits a base URL on this machine, for
    development. `max_reconnect_attempts` 0 means without end.

    Raises `BaseUrlRefused` for a base URL that is not one of a cloud, ValueError for any other value.
    """

    api_key: Secret | str | None
    base_url: str = DEFAULT_BASE_URL
    allow_loopback: bool = False
    backup_interval: float = _POLICY.backup_interval
    heartbeat_interval: float = _POLICY.heartbeat_interval
    max_failures: int = _POLICY.max_failures
    reconnect_interval: float = _POLICY.backoff.initial
    max_reconnect_delay: float = _POLICY.backoff.ceiling
    max_reconnect_attempts: int = _POLICY.backoff.attempts
    credits_interval: float = POLL_INTERVAL

    def __post_init__(self) -> None:
        # The plain key goes first: an error about another member must find none to show.
        msgspec.structs.force_setattr(self, "api_key", _secret(self.api_key))
        self.parsed_base_url()
        for name in _INTERVALS:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: expected a number of seconds above 0, found {value!r}.")
        for name, least in _COUNTS.items():
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name}: expected a whole number of at least {least}, found {getattr(self, name)!r}."
                )

    @classmethod
    def of(cls, base_url: BaseUrl, key: Secret | None) -> Self:
        """Return the configuration for a base URL that is checked already."""
        return cls(key, str(base_url), base_url.is_loopback)

    @property
    def key(self) -> Secret | None:
        """The API key."""
        return _secret(self.api_key)

    def parsed_base_url(self) -> BaseUrl:
        """Return the base URL, checked and normalised."""
        return parse_base_url(self.base_url, allow_loopback=self.allow_loopback)


_INTERVALS = (
    "backup_interval",
    "heartbeat_interval",
    "reconnect_interval",
    "max_reconnect_delay",
    "credits_interval",
)
_COUNTS = {"max_failures": 1, "max_reconnect_attempts": 0}


def _secret(key: Secret | str | None) -> Secret | None:
    if key is None or isinstance(key, Secret):
        return key
    text = key.strip()
    if not text or not all("!" <= character <= "~" for character in text):
        raise ValueError("api_key: expected printable ASCII characters without spaces.")
    return Secret(text)
