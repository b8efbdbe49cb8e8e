"""The whole service in this process, put together as `serve` does, and a client of it."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from eliza_cloud.daemon.service import Running, running
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import Observer
from eliza_cloud.store.config.listen_address import Binding, Port

TOKEN = "canary-token-7f3a9c51d2e84b60"
NOWHERE = "http://127.0.0.1:9"
ANY_PORT = Binding("127.0.0.1", (Port(0, "--port"),))


class WholeService:
    """A service, its files, and calls of it with the token, unless they bring headers of their own."""

    def __init__(self, service: Running, directory: Path, environ: dict[str, str]) -> None:
        self.running = service
        self.directory = directory
        self.environ = environ
        self.session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.running.urls[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def manager(self) -> CloudManager:
        return self.running.manager

    @property
    def file(self) -> Path:
        return self.directory / "eliza.json"

    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.file.read_text()))

    def edit(self, **members: Any) -> None:
        """Edit eliza.json by hand."""
        document = self.document() if self.file.exists() else {}
        self.file.write_text(json.dumps({**document, **members}))

    async def raw(self, method: str, path: str, body: Any = None, **more: Any) -> aiohttp.ClientResponse:
        """Make a call and return the answer, read to its end."""
        token = self.environ["ELIZA_API_TOKEN"]
        headers = {"Authorization": f"Bearer {token}", **(more.pop("headers", None) or {})}
        content = {} if body is None else {"json": body}
        answer = await self.session.request(method, f"{self.url}{path}", headers=headers, **content, **more)
        await answer.read()
        return answer

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Make a call and return status and body of the answer, which is JSON."""
        answer = await self.raw(method, path, body, **more)
        return answer.status, json.loads(await answer.read())

    async def agent(self) -> str:
        status, body = await self.call("POST", "/api/cloud/agents", {"agentName": "ada"})
        assert status == 201, body
        return str(body["agent"]["id"])

    async def linked(self) -> str:
        """Link to a new agent and return its id."""
        agent_id = await self.agent()
        assert (await self.call("POST", f"/api/cloud/agents/{agent_id}/connect"))[0] == 200
        return agent_id


S = TypeVar("S", bound=WholeService)


@contextlib.asynccontextmanager
async def whole_service(
    directory: Path,
    base_url: str = NOWHERE,
    key: str | None = None,
    *,
    kind: type[S] = WholeService,
    redactor: LogRedactor | None = None,
    observers: Sequence[Observer] = (),
    **environ: str,
) -> AsyncIterator[S]:
    """Run a service whose state is in `directory`, with a key from its environment or without."""
    given = {
        "ELIZA_STATE_DIR": str(directory),
        "ELIZA_API_TOKEN": TOKEN,
        "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
        "ELIZAOS_CLOUD_BASE_URL": base_url,
        **({"ELIZAOS_CLOUD_API_KEY": key} if key else {}),
        **environ,
    }
    async with running(given, ANY_PORT, redactor or LogRedactor(), observers) as service:
        started = kind(service, directory, given)
        async with aiohttp.ClientSession() as started.session:
            yield started
