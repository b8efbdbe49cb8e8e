"""An Eliza Cloud that can be refused, distrusted and broken."""

import asyncio
import contextlib
import socket
import ssl
import uuid
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import connector, web

from eliza_cloud.emulator import create_app as create_emulator
from tests.harness.waiting import until

ELIZA = "/api/v1/eliza/agents"
PREFIX = {"2026-04": "/api/v1/milady/agents", "next": ELIZA, "latest": ELIZA}
#: What a start of a dedicated agent costs in the newest generation, unless a test changes it.
PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"
TRUSTED = Path(__file__).with_name("trusted.pem")
UNTRUSTED = Path(__file__).parents[1] / "cloud" / "untrusted.pem"


class Cloud:
    """The emulator at one port for http and one for https, and its strings behind the stage."""

    def __init__(self, generation: str, *middlewares: Any) -> None:
        self._middlewares = [self._hold, *middlewares]
        self._held: set[asyncio.BaseTransport] = set()
        self.generation = generation
        self.agents = PREFIX[generation]
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(TRUSTED)
        self._distrusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._distrusted.load_cert_chain(UNTRUSTED)
        self._ports: dict[str, socket.socket] = {}
        self._sites: dict[socket.socket, web.SockSite] = {}
        self._control = ""
        self._owners: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> Any:
        # Nothing of aiohttp's own API lets a session the service opens trust one more certificate.
        connector._SSL_CONTEXT_VERIFIED.load_verify_locations(TRUSTED)  # noqa: SLF001
        app = create_emulator(
            generation=self.generation,
            poll_interval_ms=20,
            job_seconds=0.01,
            job_retry_seconds=(0.01, 0.01),
            rate_limits=False,
        )
        app.middlewares[:0] = self._middlewares
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        async with aiohttp.ClientSession() as self._session:
            try:
                inside = web.TCPSite(self._runner, "127.0.0.1", 0)
                await inside.start()
                self._control = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
                self._ports = {scheme: _reserved(0) for scheme in ("http", "https")}
                await self.accept()
                yield self
            finally:
                self.hang_up()
                await self._runner.cleanup()
                for held in self._ports.values():
                    held.close()

    def url(self, scheme: str) -> str:
        return f"{scheme}://127.0.0.1:{self._ports[scheme].getsockname()[1]}"

    async def accept(self) -> None:
        """Listen; the ports stay ours while nobody does."""
        for scheme, held in self._ports.items():
            listening = _reserved(held.getsockname()[1])
            tls = self._tls if scheme == "https" else None
            site = web.SockSite(self._runner, listening, ssl_context=tls)
            await site.start()
            self._sites[listening] = site

    async def refuse(self) -> None:
        for listening in self._sites:
            asyncio.get_running_loop().remove_reader(listening)
        await asyncio.sleep(
            0
        )  # asyncio forgets to close what it has accepted when the server is closed first
        for site in self._sites.values():
            await site.stop()
        self._sites.clear()

    def distrust(self) -> None:
        """Show a certificate nobody trusts from now on."""

        def another(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self._distrusted

        self._tls.sni_callback = another

    @web.middleware
    async def _hold(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.secure and request.transport is not None:
            self._held.add(request.transport)
        response: web.StreamResponse = await handler(request)
        return response

    def hang_up(self) -> None:
        """End TLS connections whose client has gone: asyncio leaves one that was closed half-way for dead."""
        for transport in self._held:
            transport.abort()  # type: ignore[attr-defined]  # every transport of a socket has it
        self._held.clear()

    async def strike(self, method: str, path: str, **fault: Any) -> None:
        await self.control("faults", method=method, path=path, **fault)

    async def struck(self) -> int:
        async with self._session.get(f"{self._control}/emulator/faults") as answer:
            return sum(fault["used"] for fault in (await answer.json())["data"])

    async def heal(self) -> None:
        await self._session.delete(f"{self._control}/emulator/faults")
        self._tls.sni_callback = None
        if not self._sites:
            await self.accept()

    async def control(self, where: str, **body: Any) -> dict[str, Any]:
        async with self._session.post(f"{self._control}/emulator/{where}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            found: dict[str, Any] = await answer.json()
            return found

    async def call(self, key: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call the cloud as its owner would from another machine."""
        headers = {"X-API-Key": key, "X-Eliza-Dedicated-Price": PRICE}
        async with self._session.request(
            method, f"{self._control}{path}", json=body, headers=headers
        ) as answer:
            assert answer.status < 300, await answer.text()
            found: dict[str, Any] = await answer.json()
            return found

    async def new_key(self) -> str:
        """Mint a key of an organization of its own."""
        owner = f"{uuid.uuid4().hex}@example.org"
        key = str((await self.control("keys", email=owner))["apiKey"])
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
            async with self._session.get(f"{self._control}/emulator/state") as answer:
                jobs = (await answer.json())["jobs"]
            return any(job["id"] == job_id and job["status"] == "completed" for job in jobs)

        await until(is_over)
        return job_id


def _reserved(port: int) -> socket.socket:
    """Bind a port that others of this process may listen on."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", port))
    return held
