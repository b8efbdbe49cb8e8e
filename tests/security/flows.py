"""What the canaries are run through. A new flow is added here, a new surface in `SURFACES`.

Every flow runs against the real service and the real command line at debug level, in the order given; each
says which surfaces it must have left something on, so that an empty net is no proof.
"""

import asyncio
import contextlib
import json
import re
import signal
import sqlite3
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp

from eliza_cloud.api.routes import ROUTES, Endpoint
from tests.harness.waiting import until
from tests.security.campaign import SETTINGS, TOKEN, Campaign
from tests.security.wire import request

#: Where a secret could show, and what belongs to it.
SURFACES = {
    "log": "what the service writes to stderr at debug level, tracebacks included",
    "service: output": "what the service writes to stdout",
    "answers": "status line, headers and body of every answer of the API, event streams included",
    "metrics": "what /metrics says after all that",
    "journal": "every entry in the database, and what the event stream tells of it",
    "bundle": "every member of the zip that is made to be handed on",
    "command line: output": "stdout of every command",
    "command line: errors": "stderr of every command",
    "process arguments": "/proc/<pid>/cmdline and comm of the service and of all below it",
    "environment of children": "what a browser is started with, and /proc/<pid>/environ below the service",
    "files outside the store": "home, temporary and working directory, the state directory but the store",
    "addresses and bodies sent to the cloud": "the key belongs into two headers, the token to nobody",
}

ELSEWHERE = "00000000-0000-4000-8000-000000000000"
BODY = {
    "agentName": "x", "text": "hello", "model": "m", "messages": [{"role": "user", "content": "hello"}],
    "input": "hello", "prompt": "x", "amount": 5, "voice": "v", "jsonrpc": "2.0", "method": "x", "id": 1,
}  # fmt: skip
#: Not called with the rest: they end what the flows need.
APART = {"/api/cloud/disconnect", "/api/cloud/login", "/api/provider/switch"}


@dataclass(frozen=True)
class Flow:
    """`run` does it; `touches` are the surfaces that it must have left something on."""

    name: str
    run: Callable[[Campaign], Awaitable[None]]
    touches: tuple[str, ...]


async def every_route(on: Campaign) -> None:
    """Call all that the table of routes has, all at once: a route added later is called, too."""
    await asyncio.gather(*(_call(on, route) for route in ROUTES if route.path not in APART))
    await _scrape(on)


async def _scrape(on: Campaign) -> None:
    status, content = await on.api("GET", "/metrics")
    assert status == 200
    on.net.add("metrics", content)


async def _call(on: Campaign, route: Endpoint) -> None:
    """Call one route, as a stream too where it may be one; whoever has to wait long goes away.

    What the cloud cuts short is passed on, and is cut short here.
    """
    with contextlib.suppress(TimeoutError, aiohttp.ClientPayloadError):
        agent = ELSEWHERE if route.path.endswith(("/shutdown", "/suspend")) else on.agent
        path = re.sub(r"{[^}]*}", "x", route.path.replace("{agent_id}", agent))
        body = {} if route.method == "GET" else {"json": BODY}
        end = b"\n\n" if path == "/api/cloud/events" else None  # one event, for it goes on for ever
        await on.api(route.method, path, **body, headers={"Prefer": "respond-async"}, seconds=2.0, end=end)
        if "chat" in path:
            streamed = {"json": {**BODY, "stream": True}, "headers": {"Accept": "text/event-stream"}}
            await on.api(route.method, path, **streamed, seconds=2.0)


async def knocking(on: Campaign) -> None:
    """Whoever has the secrets and uses them wrongly: the answers and the log do not repeat them."""
    minted = (await on.cloud.control("keys"))["apiKey"]
    on.keys.append(minted)
    await on.start(ELIZAOS_CLOUD_API_KEY=minted)
    for secret in (TOKEN, minted):
        twisted = quote(secret, safe="").replace("_", "%5f").replace("e", "%65")
        for path in (
            f"/{secret}",
            f"/{twisted}",
            f"/api/cloud/agents/{secret}/connect",
            f"/api/cloud/status/{secret}?key={secret}",
            f"/?{secret}#{secret}",
        ):
            for token in (TOKEN, "wrong"):
                await on.api("GET", path, token=token)
        await on.api("GET", f"/api/cloud/login/status?sessionId={secret}")
        await on.api("POST", "/api/cloud/login/cancel", json={"sessionId": secret})
        for headers in (
            {"X-Api-Key": secret[:40]},
            {"X-Eliza-Token": secret[20:]},
            {"Origin": f"http://{secret}"},
            {"Host": secret},
            {"Expect": secret},
        ):
            await on.api("GET", "/api/cloud/credits", token=secret[:30], headers=headers)
        await on.api("POST", "/api/cloud/agents", json={secret: secret, "agentName": {secret: secret}})
        await on.api(
            "POST", "/api/cloud/agents", json={"agentName": "a", "environmentVars": {f"k{secret}": 1}}
        )
        await on.api("POST", "/api/cloud/agents", data=f'{{"agentName": "{secret}", }}'.encode())
        for broken in (
            request("GET /", f"Authorization: Bearer {secret}\0"),
            request("GET /", f"X-Api-Key: {secret}\n x"),
            request("GET /", f"X-Api-Key{secret}"),
            request(f"GET {secret}"),
            request(f"GET /{secret}\xff"),
            request(f"{secret} /"),
            request("GET /", f"Transfer-Encoding: {secret}", "Content-Length: 1"),
            request("GET /nothing", f"Expect: {secret}"),
            request(
                "POST /api/chat", f"Authorization: Bearer {TOKEN}", "Transfer-Encoding: chunked", close=False
            )
            + secret.encode()
            + b"\r\n",
            f"GET /{secret}".encode() + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01" + secret.encode() + b"\r\n\r\n",
        ):
            await on.raw(broken)
    await _scrape(on)
    await on.cli("status", ELIZA_API_TOKEN=minted)
    await on.stop()


async def signing_in(on: Campaign) -> None:
    """The browser sign-in by the command line, with a browser that notes what it is given."""
    on.cloud.mood = "spice"
    await on.start()
    key = (await on.cloud.control("keys"))["apiKey"]
    on.keys.append(key)
    copies = {
        "OPENAI_API_KEY": key,
        "A_TOKEN_OF_MINE": f"Bearer {TOKEN}",
        "ELIZAOS_CLOUD_API_KEY": key,
        "ELIZA_API_TOKEN": TOKEN,
    }
    command = asyncio.ensure_future(on.cli("login", **copies))
    session = ""

    async def begun() -> bool:
        nonlocal session
        found = re.findall(r"cli-session/([0-9a-f-]{36})", b"\n".join(on.cloud.asked).decode())
        session = found[-1] if found else ""
        return bool(session)

    await until(begun)
    await on.cloud.control("approve", sessionId=session)
    code, said = await command
    assert code == 0, said
    on.remember_key()
    await on.api("GET", f"/api/cloud/login/status?sessionId={session}")
    await until((on.root / "home" / "browser.seen").exists)
    on.cloud.mood = None
    await on.cli("status")
    await on.cli("status", "--json")


async def talking(on: Campaign) -> None:
    """An agent's life, by the API and by the command line."""
    _, created = await on.api("POST", "/api/cloud/agents", json={"agentName": "ada"})
    on.agent = created["agent"]["id"]
    assert (await on.cli("agents", "connect", "ada"))[0] == 0
    for command in (
        ["chat", "hello"],
        ["chat", "--json", "hello"],
        ["agents", "list"],
        ["backups", "take"],
        ["backups", "restore"],
        ["status"],
    ):
        await on.cli(*command)
    await every_route(on)


CAPABILITIES = ("llmText", "embeddings", "tts", "media", "rpc")
TALK = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
RELAYED = (
    ("/v1/chat/completions", TALK),
    ("/v1/chat/completions", {**TALK, "stream": True}),
    ("/v1/embeddings", {"model": "m", "input": "hello"}),
    ("/v1/audio/speech", {"input": "hello"}),
    ("/api/tts/cloud", {"text": "hello"}),
    ("/v1/images/generations", {"prompt": "x"}),
    ("/v1/videos/generations", {"prompt": "x"}),
    ("/rpc/base", {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}),
)


async def _accepted_price(on: Campaign, path: str, body: dict[str, object]) -> str:
    """The value that accepts the price, from the answer that names it."""
    status, refused = await on.api("POST", path, json=body)
    assert status == 428, refused
    value: str = refused["pricing"]["acceptanceValue"]
    return value


async def _relay(on: Campaign, price: str) -> None:
    """Money, the compat surface and the gateway's calls, each as its caller makes it."""
    billing, compat = "/api/cloud/billing", "/api/cloud/compat/agents"
    key, accepted = {"Idempotency-Key": "top-up-2026-11-28"}, {"X-Eliza-Dedicated-Price": price}
    calls = [
        on.api("POST", f"{billing}/checkout", json={"amountUsd": 5}, headers=key),
        on.api("POST", f"{billing}/checkout", json={"amountUsd": 5}),
        on.api("POST", f"{billing}/crypto/quote", json={"amountUsd": 5}),
        on.api("PUT", f"{billing}/settings", json={"autoTopUp": {"enabled": False}}),
        on.api("GET", f"{billing}/credits/verify?session_id=cs_1"),
        on.api("GET", compat),
        on.api("GET", f"{compat}/{on.agent}"),
        on.api("POST", f"{compat}/{on.agent}/resume", headers=accepted),
        on.api("GET", f"{compat}/{on.agent}/logs?tail=5"),
        on.api("DELETE", f"{compat}/{ELSEWHERE}"),
    ]
    calls += [on.api("POST", path, json=body) for path, body in RELAYED]
    await asyncio.gather(*calls)


async def paying(on: Campaign) -> None:
    """Prices, consent, restart, upgrade, top-up and what is passed on: as it is, echoed, and refused."""
    for capability in CAPABILITIES:
        status, said = await on.api("PUT", f"/api/cloud/routing/{capability}", json={"backend": "elizacloud"})
        assert status == 200, said
    first = on.agent  # which costs nothing, so that it is linked in the flows after this one
    shared, new = f"/api/cloud/agents/{first}", {"agentName": "grace", "dedicated": True}
    price = await _accepted_price(on, "/api/cloud/agents", new)
    _, quoted = await on.api("GET", f"{shared}/upgrade")
    consent = {"quoteId": quoted["quote"]["quoteId"], "acceptPrice": price}
    status, said = await on.api("POST", f"{shared}/upgrade", json=consent)
    assert status == 200, said
    status, made = await on.api(
        "POST", "/api/cloud/agents", json={**new, "forceCreate": True, "acceptPrice": price}
    )
    assert status == 201, made
    on.agent = made["agent"]["id"]
    here = f"/api/cloud/agents/{on.agent}"
    status, said = await on.api("POST", f"{here}/connect", json={"acceptPrice": price})
    assert status == 200, said
    for command in (
        ["agents", "create", "alan", "--dedicated"],
        ["agents", "create", "alan", "--dedicated", "--yes", "--accept-price", price],
        ["agents", "rename", "grace", "hopper"],
        ["agents", "restart", "hopper", "--accept-price", price],
        ["agents", "logs", "hopper"],
        ["agents", "upgrade", "hopper"],
        ["agents", "list"],
        ["credits"],
    ):
        await on.cli(*command)
    await _relay(on, price)
    on.cloud.mood = "spice"
    await _relay(on, price)
    for mood in (401, 402, 409, 428, 429, 500):
        on.cloud.mood = mood
        await asyncio.gather(
            _relay(on, price),
            on.api("POST", f"{here}/restart", json={"acceptPrice": price}),
            on.api("POST", "/api/cloud/agents", json=new),
            on.api("GET", f"{here}/upgrade"),
            on.api("GET", f"{here}/logs"),
            on.api("PATCH", here, json={"agentName": "x"}),
            on.api("POST", f"{here}/shutdown", json={"acceptStateLoss": True}),
        )
    await on.cloud.heal()
    status, said = await on.api("POST", f"{here}/connect", json={"acceptPrice": price})
    assert status == 200, said
    on.agent = first
    status, said = await on.api("POST", f"{shared}/connect")
    assert status == 200, said
    await _scrape(on)


async def being_echoed(on: Campaign) -> None:
    """The cloud adds the key to every good answer, and to a stream."""
    on.cloud.mood = "spice"
    await every_route(on)
    for command in (
        ["agents", "list"],
        ["agents", "list", "--json"],
        ["chat", "hello"],
        ["backups", "list", "--json"],
        ["status", "--json"],
    ):
        await on.cli(*command)
    await on.stop()
    await on.start()
    await on.until_state("connected")
    await every_route(on)
    await on.cloud.heal()


async def being_refused(on: Campaign) -> None:
    """The cloud answers each status with the key in body, headers, reason and redirect."""
    for status in (400, 401, 402, 403, 404, 409, 418, 429, 500, 503, 301, 302, 307, 308, 200, 204):
        on.cloud.mood = status
        await every_route(on)
    on.cloud.mood = 500
    await asyncio.gather(
        *(
            on.cli(*command)
            for command in (
                ["agents", "list"],
                ["chat", "hi"],
                ["agents", "create", "x"],
                ["backups", "list"],
            )
        )
    )
    await on.cloud.heal()


async def losing_the_wire(on: Campaign) -> None:
    """The faults of the network, while heartbeats and backups go on."""
    key = on.keys[-1]
    for fault, more in (
        ("reset", {}), ("drop", {}), ("truncate", {}), ("html", {}), ("wrong-types", {}),
        ("malformed", {"body": f'{{"error": "{key}'}), ("malformed", {"body": key, "status": 401}),
        ("redirect", {"location": f"http://{key.replace('_', '-')[:50]}.example/{key}"}),
        ("redirect", {"location": f"http://[{key}"}),
        ("status", {"status": 401, "body": {"error": key, "code": "invalid_api_key"}}),
    ):  # fmt: skip
        await on.cloud.heal()
        await on.cloud.fault("/api/*", fault, **more)
        await every_route(on)
    await on.cloud.heal()


async def changing_the_key(on: Campaign) -> None:
    """A second sign-in while the link stands, polled through errors that echo."""
    _, login = await on.api("POST", "/api/cloud/login")
    session = login["sessionId"]
    await on.cloud.control("approve", sessionId=session)

    async def over() -> bool:
        return (await on.api("GET", f"/api/cloud/login/status?sessionId={session}"))[1][
            "status"
        ] == "authenticated"

    await until(over)
    assert on.remember_key() == on.keys[-1]
    await on.api("POST", f"/api/cloud/agents/{on.agent}/connect")
    await every_route(on)


async def failing_to_store(on: Campaign) -> None:
    """What cannot be written, and what cannot be read, with the key in it."""
    config = on.state / "eliza.json"
    good, key = config.read_bytes(), on.keys[-1]
    _, login = await on.api("POST", "/api/cloud/login")
    blocked = on.state / ".eliza.json.tmp"
    blocked.mkdir()
    (blocked / "full").write_text("")
    await on.cloud.control("approve", sessionId=login["sessionId"])
    path = f"/api/cloud/login/status?sessionId={login['sessionId']}"
    await until(lambda: _failed(on, path))
    (blocked / "full").unlink()
    blocked.rmdir()

    async def over() -> bool:
        return (await on.api("GET", path))[1]["status"] == "authenticated"

    await until(over)
    key = on.remember_key()
    good = config.read_bytes()
    for text in wrong_settings(key):
        config.write_text(text)
        config.chmod(0o600)
        on.tell(signal.SIGHUP)
        await on.api("GET", "/api/cloud/status")
    await on.cli("status")
    config.write_bytes(good)


async def _failed(on: Campaign, path: str) -> bool:
    _, body = await on.api("GET", path)
    return body["status"] == "pending" and "could not be saved" in body.get("error", "")


def wrong_settings(key: str) -> list[str]:
    """Write eliza.json with a key where none belongs."""
    whole = {"cloud": {**SETTINGS["cloud"], "apiKey": key}}

    def with_cloud(**members: object) -> str:
        return json.dumps({"cloud": {**whole["cloud"], **members}})

    return [
        json.dumps({"cloud": key}),
        json.dumps([key]),
        json.dumps(key),
        with_cloud(apiKey=[key]),
        with_cloud(apiKey=f"{key}\u00e9"),
        with_cloud(enabled=key),
        with_cloud(baseUrl=[key]),
        with_cloud(baseUrl=f"https://{key}.example"),
        with_cloud(backup=key),
        with_cloud(bridge={"maxFailures": key, key: key}),
        with_cloud(**{"apikey": key, key: key, f"{key}x": 1}),
        with_cloud(login={"timeoutMs": f"x{key}"}),
        f'{{"cloud": {{"apiKey": {key}}}}}',
        f'{{"cloud": {{"apiKey": "{key}", // {key}\n "bridge": {{"maxFailures": }} }} }}',
        f'{{"cloud": {{"{key}": 1, "{key}": 2}}}}',
        f'{{"cloud": {{"apiKey": "{key}',
        f"{key}: {key}",
    ]


async def seeing_through(on: Campaign) -> None:
    """All that tells what happened and what is wrong, after everything above; then a bundle of it."""
    for path in ("journal?limit=10000", "health", "explain", "log-level", "installation"):
        status, _ = await on.api("GET", f"/api/cloud/{path}")
        assert status == 200
    await _listen(on)
    for command in (
        ["events", "--limit", "10000"],
        ["events", "--json"],
        ["explain"],
        ["health"],
        ["doctor", "--json"],
        ["config", "check"],
        ["config", "show", "--json"],
        ["wait", "--for", "ready", "--timeout", "0"],
    ):
        await on.cli(*command)
    zipped = on.root / "home" / "bundle.zip"
    code, said = await on.cli("bundle", "--output", str(zipped))
    assert code == 0, said
    with zipfile.ZipFile(zipped) as archive:
        for name in archive.namelist():
            on.net.add("bundle", name.encode() + archive.read(name))
    zipped.unlink()
    with contextlib.closing(sqlite3.connect(on.state / "agent.sqlite3")) as database:
        for (entry,) in database.execute("SELECT entry FROM journal"):
            on.net.add("journal", entry.encode())
    await _scrape(on)


async def _listen(on: Campaign) -> None:
    """Read the event stream from before the first event on, and what reading the settings again adds."""
    async with on.cloud.session.get(
        f"http://127.0.0.1:{on.port}/api/cloud/events",
        headers={"Authorization": f"Bearer {TOKEN}", "Last-Event-ID": "1"},
    ) as answer:
        told = await answer.content.readuntil(b"\n\n")
        on.tell(signal.SIGHUP)
        while b"event: status" not in told:
            told += await answer.content.readany()
    on.net.add("journal", told)


async def setting_wrongly(on: Campaign) -> None:
    """Starts, and commands, with a secret in a variable that is for something else."""
    await on.stop()
    config = on.state / "eliza.json"
    good, key = config.read_bytes(), on.keys[-1]
    for text in wrong_settings(key)[::6]:
        config.write_text(text)
        await on.start()
        if on.service is not None and on.service.returncode is None:
            await on.stop()
    config.write_bytes(good)
    names = ("ELIZA_API_PORT", "ELIZA_PORT", "ELIZA_API_BIND", "ELIZA_LOG_LEVEL", "ELIZA_ALLOWED_ORIGINS")
    wrongly = [{name: secret} for name, secret in zip(names[:5], (key, TOKEN) * 3, strict=False)]
    wrongly += [{"ELIZA_API_TOKEN": f"{TOKEN}\n{TOKEN}"}, {"ELIZAOS_CLOUD_API_KEY": f"{key}\u00e9"}]
    serving = [
        on.cli(
            "serve",
            **{"ELIZA_API_PORT": "0", "ELIZA_PORT": "0", **variables},
            ELIZA_STATE_DIR=str(on.root / f"other-{number}"),
        )
        for number, variables in enumerate(wrongly)
    ]
    assert [code for code, _ in await asyncio.gather(*serving)] == [2] * len(wrongly)
    asking = [
        on.cli("status", **{name: secret}) for name, secret in zip(names[:3], (key, TOKEN, key), strict=True)
    ]
    torn = on.state / "api-token"
    asking += [
        on.cli("status", ELIZA_API_TOKEN=f"{TOKEN}\n{key}"),
        on.cli("status", ELIZA_API_TOKEN=f"{TOKEN}\u20ac"),
    ]
    await asyncio.gather(*asking)
    torn.write_text(f"{TOKEN}\n{TOKEN}\n")
    await asyncio.gather(on.cli("status"), on.cli("serve"), on.cli("chat", "hi"))
    torn.write_text(f"{TOKEN}\n")
    for value in (f"https://{key}@{key}.example", f"https://cloud.example/{key}"):
        await on.start(ELIZAOS_CLOUD_BASE_URL=value)
        await on.api("GET", "/api/cloud/agents")
        await on.api("POST", "/api/cloud/login")
        await on.stop()


async def being_killed(on: Campaign) -> None:
    """SIGKILL and SIGABRT while linked, and the start after each; neither leaves a picture of the memory."""
    for number in (signal.SIGKILL, signal.SIGABRT):
        await on.start()
        await on.until_state("connected")
        limits = on.of_service("limits").decode()
        assert re.search(r"Max core file size +0 +0 ", limits), limits
        await on.stop(number)
    await on.start()
    await on.until_state("connected")
    await on.stop()


#: Faults of our own, each with the key in its text: a monitor, a handler, and the start itself.
FALL = """
from eliza_cloud.{module} import {owner}
import os
async def fall(self, *given, **named):
    config = os.environ["ELIZA_STATE_DIR"] + "/eliza.json"
    key = os.environ.get("ELIZAOS_CLOUD_API_KEY") or open(config).read()
    try:
        raise KeyError(key)
    except KeyError as error:
        raise RuntimeError(f"the key is {{key}}", {{key: [key]}}) from error
{owner}.{name} = fall
"""


async def falling(on: Campaign) -> None:
    """A fault of our own in an activity, in a call, in the start: its traceback is logged, the key is not."""
    monitor = FALL.format(module="runtime.activities.monitor", owner="ConnectionMonitor", name="run")
    await on.start(patch=monitor)
    await until(lambda: _crashed(on))
    await every_route(on)
    await on.cli("status")
    await on.stop()
    await on.start(patch=FALL.format(module="runtime.manager", owner="CloudManager", name="ask_cloud"))
    await every_route(on)
    await on.stop()
    await on.start(patch=FALL.format(module="runtime.manager", owner="CloudManager", name="start"))
    assert on.service is not None
    assert await on.service.wait() == 1
    on.collect()
    assert b"service.failed" in on.net.of(on.net.flow, "log")


async def _crashed(on: Campaign) -> bool:
    return "runtime_not_started" in (await on.api("GET", "/api/cloud/status"))[1].get("reason", "")


async def signing_out(on: Campaign) -> None:
    """The end: no key is left in any file, not even in the store."""
    (on.state / "eliza.json").chmod(0o644)
    await on.start()
    await on.until_state("connected")
    assert (on.state / "eliza.json").stat().st_mode & 0o777 == 0o600
    code, said = await on.cli("disconnect")
    assert code == 0, said
    await on.cli("status")
    await on.cli("agents", "list")
    await on.stop()


API = ("log", "service: output", "answers", "process arguments")
CLI = ("command line: output", "command line: errors")
SENT = "addresses and bodies sent to the cloud"
FLOWS = (
    Flow("knocking with secrets in odd places", knocking, (*API, CLI[0], "metrics")),
    Flow("signing in", signing_in, (*API[:3], CLI[0], "environment of children", SENT)),
    Flow("connect, chat, back up, restore", talking, ("log", "answers", CLI[0], SENT, "metrics")),
    Flow("prices, upgrades, money and what is passed on", paying, ("log", "answers", *CLI, SENT, "metrics")),
    Flow("a cloud that echoes the key in good answers", being_echoed, (*API, *CLI, SENT, "metrics")),
    Flow(
        "a cloud that echoes the key in errors and redirects",
        being_refused,
        ("log", "answers", CLI[1], SENT, "metrics"),
    ),
    Flow("faults on the wire", losing_the_wire, ("log", "answers", SENT, "metrics")),
    Flow("a second sign-in", changing_the_key, ("log", "answers", SENT)),
    Flow(
        "a store that fails, settings with the key in wrong places",
        failing_to_store,
        ("log", "answers", CLI[0]),
    ),
    Flow(
        "seeing through it all: journal, stream, explanation, doctor, bundle",
        seeing_through,
        ("answers", CLI[0], "metrics", "journal", "bundle"),
    ),
    Flow("starts with a secret in a wrong variable", setting_wrongly, (*API, CLI[1])),
    Flow("killed and started again", being_killed, (*API, SENT)),
    Flow("faults of our own", falling, (*API[:3], CLI[0])),
    Flow("signing out", signing_out, (*API, CLI[0])),
)
