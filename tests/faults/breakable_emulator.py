"""An emulator that can be refused, distrusted and broken."""

import asyncio
import contextlib
import socket
import ssl
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import connector, web
from aiohttp.typedefs import Handler

from tests.harness.emulator import Emulator, emulator
from tests.harness.waiting import until

ELIZA = "/api/v1/eliza/agents"
PREFIX = {"2026-04": "/api/v1/milady/agents", "next": ELIZA, "latest": ELIZA}
#: What a start of a dedicated agent costs in the newest generation, unless a test changes it.
PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"
TRUSTED = Path(__file__).with_name("trusted.pem")
UNTRUSTED = Path(__file__).parents[1] / "cloud" / "untrusted.pem"


class BreakableEmulator(Emulator):
    """An emulator with a port for http and one for https beside the one it is controlled at."""

    def __init__(self, session: aiohttp.ClientSession, generation: str) -> None:
        super().__init__(session, generation)
        self.agents = PREFIX[generation]
        self._held: set[asyncio.BaseTransport] = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(TRUSTED)
        self._distrusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._distrusted.load_cert_chain(UNTRUSTED)
        self._ports = {scheme: _reserved(0) for scheme in ("http", "https")}
        self._sites: dict[socket.socket, web.SockSite] = {}
        self._owners: dict[str, str] = {}

    def close(self) -> None:
        self.hang_up()
        for held in self._ports.values():
            held.close()

    def base_url(self, scheme: str) -> str:
        return f"{scheme}://127.0.0.1:{self._ports[scheme].getsockname()[1]}"

    async def accept(self) -> None:
        """Listen; the ports stay ours while nobody does."""
        for scheme, held in self._ports.items():
            listening = _reserved(held.getsockname()[1])
            tls = self._tls if scheme == "https" else None
            site = web.SockSite(self.runner, listening, ssl_context=tls)
            await site.start()
            self._sites[listening] = site

    async def refuse(self) -> None:
        for listening in self._sites:
            asyncio.get_running_loop().remove_reader(listening)
        # asyncio forgets to close what it has accepted when the server is closed first
        await asyncio.sleep(0)
        for site in self._sites.values():
            await site.stop()
        self._sites.clear()

    def distrust(self) -> None:
        """Show a certificate nobody trusts from now on."""

        def another(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self._distrusted

        self._tls.sni_callback = another

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.secure and request.transport is not None:
            self._held.add(request.transport)
        return await handler(request)

    def hang_up(self) -> None:
        """End TLS connections whose client has gone: asyncio leaves one that was closed half-way for dead."""
        for transport in self._held:
            transport.abort()  # type: ignore[attr-defined]  # every transport of a socket has it
        self._held.clear()

    async def heal(self) -> None:
        await super().heal()
        self._tls.sni_callback = None
        if not self._sites:
            await self.accept()

    async def call(
        self, key: str, method: str, path: str, body: Any = None, **headers: str
    ) -> dict[str, Any]:
        """Call the cloud as its owner would from another machine, and agree to the price."""
        return await super().call(key, method, path, body, **{"X-Eliza-Dedicated-Price": PRICE, **headers})

    async def new_key(self) -> str:
        """Mint a key of an organization of its own."""
        owner = f"{uuid.uuid4().hex}@example.org"
        key = await self.mint(email=owner)
        self._owners[key] = owner
        return key

    async def share(self, key: str) -> None:
        """Have this key's agents run on the shared tier, the only one with streams in the next generation."""
        await self.control("organization", email=self._owners[key], sharedTier=True)

    async def new_agent(self, key: str, *, running: bool, dedicated: bool = True) -> str:
        body: dict[str, Any] = {"agentName": "ada"}
        if self.generation != "2026-04":
            body |= {"autoProvision": False, "alwaysOn": dedicated, "forceCreate": dedicated}
        agent_id = str((await self.call(key, "POST", self.agents, body))["data"]["id"])
        if running:
            await self.control(f"agents/{agent_id}/sandbox", state="running")
        return agent_id

    async def finished_job(self, key: str) -> str:
        """Return the id of a job of this key's organization that has ended well."""
        agent_id = await self.new_agent(key, running=False)
        started = await self.call(key, "POST", f"{self.agents}/{agent_id}/provision")
        job_id = str(started["data"]["jobId"])

        async def is_over() -> bool:
            jobs = (await self.state())["jobs"]
            return any(job["id"] == job_id and job["status"] == "completed" for job in jobs)

        await until(is_over)
        return job_id


@contextlib.asynccontextmanager
async def breakable_emulator(generation: str, *middlewares: Any) -> AsyncIterator[BreakableEmulator]:
    """Run an emulator that loses even less time than usual."""
    # Nothing of aiohttp's own API lets a session the service opens trust one more certificate.
    connector._SSL_CONTEXT_VERIFIED.load_verify_locations(TRUSTED)  # noqa: SLF001
    jobs: dict[str, Any] = {"job_seconds": 0.01, "job_retry_seconds": (0.01, 0.01)}
    async with emulator(BreakableEmulator, generation, middlewares=middlewares, **jobs) as started:
        try:
            await started.accept()
            yield started
        finally:
            started.close()


def _reserved(port: int) -> socket.socket:
    """Bind a port that others of this process may listen on."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", port))
    return held
