"""Looking names up in threads that hold nothing up.

A lookup cannot be interrupted, and takes a minute or more where the resolver is out of reach. In the loop's
executor it would hold up the end of the process, and a few of them everything else that needs a thread.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult


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
