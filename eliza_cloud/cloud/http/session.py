"""The guarded way out: the address that was checked is the address that is connected to.

Two checks, because each sees what the other cannot: the resolver refuses a name as soon as one of its answers
is forbidden, and the socket factory sees every connect, also to an address that was never resolved. A name
that changes its answer between check and use (DNS rebinding) therefore gains nothing.
"""

import socket
from collections.abc import Iterable
from importlib.metadata import version

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from eliza_cloud.cloud.http.address import BaseUrl
from eliza_cloud.cloud.http.ssrf import NameLookup, is_loopback_address, refuse_address


class AddressRefused(OSError):  # noqa: N818 - named after what happened
    """An address the base URL leads to is forbidden; raised before any connection is made."""


class AddressGuard:
    """Allows what the base URL allows: loopback only for a loopback base URL, public addresses otherwise."""

    def __init__(self, base_url: BaseUrl) -> None:
        self._base_url = base_url

    def check(self, address: str, host: str | None = None) -> None:
        """Raise `AddressRefused` when `address`, which `host` leads to, may not be connected to."""
        if self._base_url.is_loopback:
            reason = None if is_loopback_address(address) else "not on this machine"
        else:
            reason = refuse_address(address, allow_loopback=False)
        if reason is not None:
            raise AddressRefused(
                f"{host or self._base_url.site.host} leads to {address[:60]}, which is {reason}"
            )

    def open_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """Return a socket for a checked address (aiohttp's `socket_factory`)."""
        family, kind, protocol, _, target = address
        self.check(str(target[0]))
        return socket.socket(family, kind, protocol)


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses one when any of its addresses is forbidden."""

    def __init__(self, guard: AddressGuard, resolver: AbstractResolver) -> None:
        self._guard = guard
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return all addresses of `host`; raises `AddressRefused`, or OSError when the lookup fails."""
        answers = await self._resolver.resolve(host, port, family)
        for answer in answers:
            self._guard.check(answer["host"], host)
        return answers

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._resolver.close()


def open_session(
    base_url: BaseUrl,
    *,
    resolver: AbstractResolver | None = None,
    traces: Iterable[aiohttp.TraceConfig] = (),
) -> aiohttp.ClientSession:
    """Open a session that connects only where `base_url` allows, without cookies, proxies or netrc.

    Each request has a connection of its own: calls are mostly further apart than one would be kept, and one
    that died while the machine slept would fail the first call after it. There may be any number of them, so
    that no stream keeps a heartbeat waiting. Call this inside a running loop and
    close the session; `resolver` replaces the system's name lookup, `traces` hear of each request.
    """
    guard = AddressGuard(base_url)
    connector = aiohttp.TCPConnector(
        socket_factory=guard.open_socket,
        force_close=True,
        limit=0,
        resolver=GuardedResolver(guard, resolver or NameLookup()),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"eliza-cloud/{version('eliza-cloud')}"},
        trace_configs=list(traces),
        trust_env=False,
    )
