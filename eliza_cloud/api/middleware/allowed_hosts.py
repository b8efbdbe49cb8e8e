"""Which `Host` and which `Origin` a request may name (local-api §2): exact names, no look-alikes."""

import re
from collections.abc import Iterable

_HOST = re.compile(r"(?P<name>\[[0-9a-f]*:[0-9a-f:.]*\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_BARE_IPV6 = re.compile(r"[0-9a-f]*(?::[0-9a-f.]*){2,}")
_LOCAL_ORIGIN = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class HostRule:
    """The names this service answers to; `any_name` when it listens everywhere, with the token asked for."""

    def __init__(self, bound: str, named: Iterable[str], *, any_name: bool) -> None:
        self._names = {name.lower().strip("[]") for name in (*_LOCAL_HOSTS, bound, *named)}
        self._any_name = any_name

    def allows(self, values: list[str]) -> bool:
        """Judge a request's `Host` headers: exactly one, well-formed and known, in any case."""
        if len(values) != 1:
            return False
        value = values[0].lower()
        match = _HOST.fullmatch(value)
        if match is None and not _BARE_IPV6.fullmatch(value):
            return False
        name = match["name"].strip("[]") if match else value
        return self._any_name or name in self._names or value in self._names


class OriginRule:
    """The pages that may call this service: those of this machine, and those that were named."""

    def __init__(self, named: Iterable[str]) -> None:
        self._named = {origin.lower().rstrip("/") for origin in named}

    def allows(self, values: list[str]) -> bool:
        """Judge a request's `Origin` headers, if it has any; `null` is never allowed."""
        if len(values) != 1:
            return False
        value = values[0].lower()
        return bool(_LOCAL_ORIGIN.fullmatch(value)) or value in self._named
