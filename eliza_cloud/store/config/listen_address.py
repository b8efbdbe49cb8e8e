"""Where the service listens: one address, one or two ports (local-api §2 and §17)."""

import ipaddress
import re
from collections.abc import Mapping, Sequence

import msgspec

from eliza_cloud.store.config.json5 import describe

API_PORT = "ELIZA_API_PORT"
PORT = "ELIZA_PORT"
API_BIND = "ELIZA_API_BIND"
ALLOWED_HOSTS = "ELIZA_ALLOWED_HOSTS"
ALLOWED_ORIGINS = "ELIZA_ALLOWED_ORIGINS"
DEFAULT_PORTS = {API_PORT: 31337, PORT: 2138}
_SERVICE_LINK = re.compile(r"(tcp|udp)://")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+/?", re.IGNORECASE)


class BindingError(Exception):
    """Where to listen cannot be understood; the message names the variable, what was expected and found."""


class Port(msgspec.Struct, frozen=True):
    """A port and what set it (a variable or a flag), for messages; 0 stands for any free one."""

    number: int
    setting: str


class Binding(msgspec.Struct, frozen=True):
    """An IP address and at least one port."""

    host: str
    ports: tuple[Port, ...]

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every address of the machine."""
        return ipaddress.ip_address(self.host).is_unspecified


def read_binding(
    environ: Mapping[str, str], host: str | None = None, ports: Sequence[int] | None = None
) -> Binding:
    """Read the variables; `host` and `ports` (flags) win, `ports` over both defaults. Raises BindingError."""
    if ports:
        wanted = [Port(_in_range(str(number), "--port"), "--port") for number in ports]
    else:
        wanted = [
            Port(_in_range(_value(environ, name) or str(default), name), name)
            for name, default in DEFAULT_PORTS.items()
        ]
    distinct = {port.number: port for port in reversed(wanted)}
    first, setting = (host, "--host") if host else (_value(environ, API_BIND) or "127.0.0.1", API_BIND)
    return Binding(_address(first, setting), tuple(port for port in wanted if distinct[port.number] is port))


def allowed_hosts(environ: Mapping[str, str]) -> list[str]:
    """Read ELIZA_ALLOWED_HOSTS, a comma-separated list."""
    return _list(environ, ALLOWED_HOSTS)


def allowed_origins(environ: Mapping[str, str]) -> list[str]:
    """Read ELIZA_ALLOWED_ORIGINS, a comma-separated list; raises BindingError for what is no origin."""
    origins = _list(environ, ALLOWED_ORIGINS)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise BindingError(
                f"{ALLOWED_ORIGINS}: expected origins such as https://app.example.com,"
                f" found {describe(origin)}."
            )
    return origins


def _list(environ: Mapping[str, str], name: str) -> list[str]:
    return [item.strip() for item in environ.get(name, "").split(",") if item.strip()]


def _value(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _in_range(text: str, setting: str) -> int:
    if _SERVICE_LINK.match(text):
        raise BindingError(
            f"{setting}: expected a port number from 0 to 65535, found {describe(text)}, which Kubernetes"
            f" sets for a Service of that name; set `enableServiceLinks: false` in the pod, or {setting} to a"
            " port."
        )
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise BindingError(f"{setting}: expected a port number from 0 to 65535, found {describe(text)}.")
    return int(text)


def _address(text: str, setting: str) -> str:
    if text.lower() == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        raise BindingError(
            f"{setting}: expected an IP address such as 127.0.0.1, found {describe(text)}."
        ) from None
