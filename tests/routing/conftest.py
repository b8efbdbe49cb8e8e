"""The whole service over the emulator, and servers that play providers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from eliza_cloud.cli.main import main
from tests.harness.emulator import Emulator, emulator
from tests.harness.service import TOKEN, Service, whole_service

CLOUD = {"backend": "elizacloud", "transport": "cloud-proxy", "accountId": "elizacloud"}


@pytest.fixture(autouse=True)
def log():
    """What the service logs."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@dataclass
class Asked:
    """One request a provider got."""

    path: str
    headers: Any
    body: Any


@dataclass
class Provider:
    """A server that answers as OpenAI does, with its name in all it says; `script` overrides a path."""

    name: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: dict[str, Callable[[web.Request, Any], Awaitable[web.StreamResponse]]] = field(
        default_factory=dict
    )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        body = json.loads(content) if content else None
        self.asked.append(Asked(request.path, request.headers.copy(), body))
        if request.path in self.script:
            return await self.script[request.path](request, body)
        match request.path.removeprefix("/v1"):
            case "/chat/completions" if body.get("stream"):
                return await self._stream(request, body)
            case "/chat/completions":
                message = {"role": "assistant", "content": f"{self.name} says {said(body)}"}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                head = {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"]}
                return web.json_response({**head, "choices": [choice]})
            case "/embeddings":
                data = [{"object": "embedding", "index": 0, "embedding": [0.5, float(len(self.name))]}]
                return web.json_response(
                    {"object": "list", "data": data, "model": body["model"], "usage": {}}
                )
            case "/audio/speech":
                return web.Response(body=f"{self.name} {body['input']}".encode(), content_type="audio/mpeg")
            case "/images/generations" | "/videos/generations":
                return web.json_response({"created": 1, "data": [{"url": f"https://{self.name}.example/1"}]})
            case "/models":
                return web.json_response({"object": "list", "data": [{"id": f"{self.name}-model"}]})
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": f"{self.name}{request.path_qs}"})

    async def _stream(self, request: web.Request, body: Any) -> web.StreamResponse:
        """Twenty chunks, each with the name and what was said, so that a mix-up shows."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(20):
            await response.write(chunk(f"{self.name}:{said(body)}:{number} ", body["model"]))
            await asyncio.sleep(0.005)
        await response.write(b"data: [DONE]\n\n")
        return response


def said(body: Any) -> str:
    return str(body["messages"][-1]["content"])


def chunk(text: str, model: str = "m") -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


@pytest.fixture
async def provider() -> AsyncIterator[Callable[[str], Awaitable[Provider]]]:
    """Give a function that starts a provider of that name."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(name: str) -> Provider:
            made = Provider(name)
            app = web.Application(client_max_size=2**30)
            app.router.add_route("*", "/{path:.*}", made.handle)
            server = await stack.enter_async_context(TestServer(app))
            made.url = str(server.make_url("")).rstrip("/")
            return made

        yield start


class RoutedService(Service):
    """A service whose routes are set and used."""

    def route(self, **routes: dict[str, Any]) -> None:
        """Set all routes, by hand."""
        self.edit(serviceRouting=routes)

    async def chat(self, **more: Any) -> tuple[int, Any]:
        messages = [{"role": "user", "content": "hello"}]
        return await self.ask("POST", "/v1/chat/completions", {"model": "m", "messages": messages, **more})


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[RoutedService]]]:
    """Give a function that starts the whole service for a cloud, with a key or without."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*where: Any, **more: str) -> RoutedService:
            return await stack.enter_async_context(
                whole_service(tmp_path, *where, kind=RoutedService, **more)
            )

        yield start


@pytest.fixture
async def cloud() -> AsyncIterator[Emulator]:
    async with emulator(models=("m", "s", "tts-1")) as started:
        yield started


@pytest.fixture
async def service(serve: Any) -> RoutedService:
    """A service that is not signed in."""
    return await serve()


@pytest.fixture
async def signed_in(serve: Any, cloud: Emulator) -> RoutedService:
    """A service with a key for the emulator."""
    return await serve(cloud.url, cloud.key)


@pytest.fixture
async def client_of() -> AsyncIterator[Callable[[RoutedService], openai.AsyncOpenAI]]:
    """Give a function that points the official OpenAI client at a service."""
    async with contextlib.AsyncExitStack() as stack:

        def make(service: RoutedService) -> openai.AsyncOpenAI:
            client = openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=TOKEN, max_retries=0)
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
def run(service, monkeypatch, capsys):
    """Run a command beside the service."""
    monkeypatch.setenv("ELIZA_API_TOKEN", TOKEN)

    async def run(*arguments):
        capsys.readouterr()
        code = await asyncio.to_thread(main, ["routing", *arguments, "--url", service.url])
        out, err = capsys.readouterr()
        return int(code), out, err

    return run
