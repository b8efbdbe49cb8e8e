"""Which IP addresses the base URL may lead to (local-api §18), and how its name is looked up.

Addresses that wrap an IPv4 address (IPv4-mapped, 6to4, Teredo, NAT64) are judged by what they wrap. The
ranges are written out because the standard library's `is_global` differs between Python patch versions. A
lookup cannot be interrupted, and takes a minute or more where the resolver is out of reach: it runs in
threads of its own, so that it holds up neither the end of the process nor what else needs a thread.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_REFUSED_V4 = {
    IPv4Network("0.0.0.0/8"): "an unspecified address",
    IPv4Network("10.0.0.0/8"): "a private address",
    IPv4Network("100.64.0.0/10"): "a carrier-internal address",
    IPv4Network("127.0.0.0/8"): "a loopback address",
    IPv4Network("169.254.0.0/16"): "a link-local address",
    IPv4Network("172.16.0.0/12"): "a private address",
    IPv4Network("192.0.0.0/24"): "a reserved address",
    IPv4Network("192.0.2.0/24"): "a documentation address",
    IPv4Network("192.88.99.0/24"): "a reserved address",
    IPv4Network("192.168.0.0/16"): "a private address",
    IPv4Network("198.18.0.0/15"): "a benchmarking address",
    IPv4Network("198.51.100.0/24"): "a documentation address",
    IPv4Network("203.0.113.0/24"): "a documentation address",
    IPv4Network("224.0.0.0/4"): "a multicast address",
    IPv4Network("240.0.0.0/4"): "a reserved address",
}

_REFUSED_V6 = {
    IPv6Network("::/128"): "an unspecified address",
    IPv6Network("::1/128"): "a loopback address",
    IPv6Network("fc00::/7"): "a private address",
    IPv6Network("fe80::/10"): "a link-local address",
    IPv6Network("fec0::/10"): "a private address",
    IPv6Network("ff00::/8"): "a multicast address",
    IPv6Network("2001::/23"): "a reserved address",
    IPv6Network("2001:db8::/32"): "a documentation address",
    IPv6Network("3fff::/20"): "a documentation address",
}

_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = IPv6Address("::1")


def is_loopback_address(address: str) -> bool:
    """Tell whether a literal is in 127.0.0.0/8 or is ::1; wrapped forms and 0.0.0.0 are not loopback."""
    parsed = _parse(address)
    if isinstance(parsed, IPv4Address):
        return parsed in _LOOPBACK_V4
    return parsed == _LOOPBACK_V6


def refuse_address(address: str, *, allow_loopback: bool) -> str | None:
    """Say in a few words why an address is refused ("a private address"), or None when it is allowed."""
    parsed = _parse(address)
    if parsed is None:
        return "not a plain IP address"
    if allow_loopback and is_loopback_address(address):
        return None
    if isinstance(parsed, IPv6Address):
        wrapped = _wrapped(parsed)
        if wrapped:
            return next(filter(None, map(_refuse_v4, wrapped)), None)
        return _refuse_v6(parsed)
    return _refuse_v4(parsed)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    """Parse a literal strictly: no zone id, no leading zeros, no numbers other than dotted decimal."""
    if "%" in address:
        return None
    try:
        return ip_address(address)
    except ValueError:
        return None


def _wrapped(address: IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address stands for."""
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return []


def _refuse_v4(address: IPv4Address) -> str | None:
    return next((reason for network, reason in _REFUSED_V4.items() if address in network), None)


def _refuse_v6(address: IPv6Address) -> str | None:
    named = next((reason for network, reason in _REFUSED_V6.items() if address in network), None)
    return named or (None if address in _GLOBAL_V6 else "a reserved address")


class NameLookup(AbstractResolver):
    """Asks the system, in a daemon thread for each lookup; one nobody waits for any more is left alone."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return all addresses of `host`; raises OSError when the lookup fails."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any]] = loop.create_future()

        def look_up() -> None:
            try:
                answers = socket.getaddrinfo(
                    host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
                )
            except (OSError, UnicodeError) as error:
                settle(found.set_exception, OSError(f"{host} cannot be looked up: {error}"))
            else:
                settle(found.set_result, answers)

        def settle(with_what: Callable[[Any], None], outcome: object) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(lambda: None if found.done() else with_what(outcome))

        threading.Thread(target=look_up, name=f"lookup of {host}", daemon=True).start()
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in await found
        ]

    async def close(self) -> None:
        """Nothing is held open."""
