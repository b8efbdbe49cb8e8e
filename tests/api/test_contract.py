"""The contract of the API: complete, valid, true, and readable."""

import base64
import hashlib
import html
import json
import re
import shlex
from pathlib import Path

import pytest
from openapi_spec_validator import validate

import eliza_cloud
from eliza_cloud.api.openapi.reference_pages import page_names
from eliza_cloud.api.routes import ROUTES
from eliza_cloud.core.problems import ANSWERED
from tests.api.contract import check_answer, document, faults, operations
from tests.harness.service import TOKEN

SOURCES = Path(eliza_cloud.__file__).parent
AGENT = "0b5f0f7e-1111-4222-8333-444455556666"


def test_every_route_has_a_contract():
    assert [f"{route.method} {route.path}" for route in ROUTES if route.contract is None] == []


def test_the_document_is_valid_openapi():
    assert document()["openapi"] == "3.1.0"
    validate(document())


def test_every_operation_stands_once_and_under_a_name_of_its_own():
    described = [
        f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods
    ]
    table = [re.sub(r":[^}]*", "", f"{one.method} {one.path}") for one in ROUTES]
    assert sorted(described) == sorted(table)
    names = [operation["operationId"] for operation in operations().values()]
    assert len(set(names)) == len(names) == len(ROUTES)


@pytest.mark.parametrize("name", operations())
def test_every_example_is_of_the_type_it_illustrates(name):
    operation = operations()[name]
    contents = [
        content
        for place in (operation.get("requestBody"), *operation["responses"].values())
        if place is not None
        for content in place.get("content", {}).values()
    ]
    examples = document()["components"]["examples"]
    for content in contents:
        if "example" in content:
            assert faults(content["schema"], content["example"]) == []
        for example in content.get("examples", {}).values():
            told = examples[example["$ref"].rpartition("/")[2]] if "$ref" in example else example
            assert faults(content["schema"], told["value"]) == []
    for parameter in operation.get("parameters", ()):
        assert faults(parameter["schema"], parameter["example"]) == []


@pytest.mark.parametrize("name", operations())
def test_every_operation_says_how_it_is_refused(name):
    responses = operations()[name]["responses"]
    is_open = operations()[name].get("security") == []
    assert {"400", "403", "500"} <= set(responses)
    assert ("401" in responses) is not is_open
    shape = "OpenAiRefused" if name.split(" ")[1].startswith("/v1/") else "ErrorBody"
    schema = responses["500"]["content"]["application/json"]["schema"]
    assert {"$ref": f"#/components/schemas/{shape}"} in (schema, schema.get("anyOf", [None])[0])


def test_where_others_can_reach_the_service_only_probes_need_no_token():
    without_token = {
        all_closed: {
            path
            for path, methods in document(all_closed=all_closed)["paths"].items()
            for operation in methods.values()
            if operation.get("security") == []
        }
        for all_closed in (False, True)
    }
    assert without_token[True] == {route.path for route in ROUTES if route.probe}
    assert without_token[False] == {route.path for route in ROUTES if route.probe or route.open}


def test_every_error_code_is_documented():
    documented = {name.rpartition("-openai")[0] or name for name in document()["components"]["examples"]}
    told = {re.sub(r"-\d+$", "", name) for name in documented}
    for operation in operations().values():
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                told |= set(content.get("examples", ()))
    about = document()["info"]["description"]
    told |= {code for code in ("unknown_path", "method_not_allowed", "refused") if f"`{code}`" in about}
    told.add("key_unavailable")  # ends a sign-in, whose status says so
    assert set(ANSWERED) - told == set()


def test_a_code_comes_with_the_statuses_that_its_catalogue_names():
    """One that names none may come with any."""
    catalogued = {code: row.statuses for code, row in ANSWERED.items()}
    documented = {
        (code, int(status))
        for operation in operations().values()
        for status, response in operation["responses"].items()
        for content in response.get("content", {}).values()
        for code in content.get("examples", ())
    }
    assert {code for code, _ in documented} <= set(catalogued)
    unknown = {one for one in documented if catalogued[one[0]] and one[1] not in catalogued[one[0]]}
    assert unknown == set()


# Served


async def test_the_document_is_served_to_anybody_and_told_to_be_unchanged(service):
    answer = await service.call("GET", "/api/openapi.json", headers={"Authorization": ""})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert await answer.json() == document()
    tag = answer.headers["ETag"]
    for sent in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = await service.call("GET", "/api/openapi.json", headers={"If-None-Match": sent})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)
    other = await service.call("GET", "/api/openapi.json", headers={"If-None-Match": '"other"'})
    assert (other.status, await other.json()) == (200, document())


async def test_the_page_shows_every_operation_and_every_type_and_loads_nothing(service):
    answer = await service.call("GET", "/docs", headers={"Authorization": ""})
    page = await answer.text()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    anchors = re.findall(r'<article id="([^"]+)">', page)
    names = [operation["operationId"] for operation in operations().values()]
    types = [f"type-{name}" for name in document()["components"]["schemas"]]
    assert sorted(anchors) == sorted(names + types)
    targets = set(re.findall(r'href="([^"]+)"', page))
    elsewhere = {"/api/openapi.json", "/docs/errors", *(f"/docs/{name}" for name in page_names())}
    assert {one for one in targets if not one.startswith("#")} == elsewhere
    assert {one[1:] for one in targets if one.startswith("#")} <= set(re.findall(r'id="([^"]+)"', page))
    assert re.findall(r"<script|<img|<link|<iframe|\son\w+=|url\(|@import|style=", page) == []


@pytest.mark.parametrize("path", ["/docs", "/docs/errors"])
async def test_a_browser_may_do_nothing_with_the_page_but_show_it(service, path):
    """Its one style is allowed by its digest."""
    answer = await service.call("GET", path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    digest = policy.pop("style-src")
    assert policy.pop("form-action") == "'self'"  # its search
    assert set(policy.values()) == {"'none'"}
    assert set(policy) == {"default-src", "base-uri", "frame-ancestors"}
    style = re.search("<style>(.*)</style>", await answer.text(), re.DOTALL)[1]
    assert digest == f"'sha256-{_digest(style)}'"


async def test_the_page_opens_with_signing_in_and_each_call_has_a_line_for_a_shell(service):
    page = await (await service.call("GET", "/docs")).text()
    calls = re.findall(r'<article id="(?!type-)[^"]+">.*?</article>', page, re.DOTALL)
    assert re.search("<section[^>]*><h2>([^<]+)</h2>", page)[1] == "Sign-in"
    assert 'id="startLogin"' in calls[0]
    lines = [
        html.unescape(re.search("<pre><code>(curl .*?)</code></pre>", one, re.DOTALL)[1]) for one in calls
    ]
    assert len(lines) == len(operations())
    for line in lines:
        words = shlex.split(line)
        assert [word for word in words if word.startswith("http://localhost:31337/")]
        assert "{" not in words[-1] or json.loads(words[-1]) is not None
    assert lines[0].startswith("curl -X POST http://localhost:31337/api/cloud/login ")


async def test_the_page_is_sent_compressed_and_short_to_whoever_takes_that(service):
    plain = await service.call("GET", "/docs", headers={"Accept-Encoding": "identity"})
    refused = await service.call("GET", "/docs", headers={"Accept-Encoding": "gzip;q=0"})
    zipped = await service.call("GET", "/docs", headers={"Accept-Encoding": "br, gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert int(zipped.headers["Content-Length"]) < 100_000
    assert {"Content-Encoding"} & {*plain.headers, *refused.headers} == set()
    assert await zipped.read() == await plain.read() == await refused.read()
    assert zipped.headers["ETag"] != plain.headers["ETag"] == refused.headers["ETag"]
    assert zipped.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding, Origin"


async def test_a_search_shows_the_calls_and_types_that_hold_all_the_words(service):
    page = await (await service.call("GET", "/docs?q=sign-in%20cancel")).text()
    assert 'id="cancelLogin"' in page
    assert 'id="listAgents"' not in page
    assert 'value="sign-in cancel"' in page
    for link in re.findall(r'href="(/docs#[^"]+)"', page):
        assert f'id="{link[6:]}"' in await (await service.call("GET", "/docs")).text()
    assert 'href="#' not in page
    hostile = await (await service.call("GET", "/docs?q=%22%3E%3Cscript%3E")).text()
    assert "<script" not in hostile
    assert "No call and no type holds" in hostile
    assert (await service.call("GET", f"/docs?q={'x' * 101}")).status == 400
    assert (
        await (await service.call("GET", "/docs?q=")).text()
        == await (await service.call("GET", "/docs")).text()
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# True


CLOUD_ROUTE = {"backend": "elizacloud"}
HELLO = {"text": "Hello"}


def walk(agent: str, other: str) -> list[tuple[str, str, object, int]]:
    """One call of each operation that succeeds, in an order in which they can."""
    at = f"/api/cloud/agents/{agent}"
    billing = "/api/cloud/billing"
    return [
        ("POST", "/api/cloud/login", None, 200),
        ("POST", "/api/cloud/login/cancel", {"sessionId": "unknown"}, 200),
        ("GET", "/api/cloud/login/status?sessionId=unknown", None, 200),
        ("GET", "/api/cloud/agents", None, 200),
        ("POST", "/api/cloud/agents", {"agentName": "third"}, 201),
        ("POST", f"{at}/provision", None, 200),
        ("POST", f"{at}/connect", None, 200),
        ("GET", "/healthz", None, 200),
        ("GET", "/readyz", None, 200),
        ("GET", "/api/cloud/status", None, 200),
        ("GET", "/api/status", None, 200),
        ("HEAD", "/api/cloud/events", None, 200),  # as its GET, without the endless stream
        ("GET", "/api/cloud/journal", None, 200),
        ("GET", "/api/cloud/health", None, 200),
        ("GET", "/api/cloud/explain", None, 200),
        ("GET", "/api/cloud/hosts", None, 200),
        ("GET", "/api/cloud/installation", None, 200),
        ("POST", f"{at}/backups", None, 200),
        ("GET", f"{at}/backups", None, 200),
        ("POST", f"{at}/restore", {}, 200),
        ("POST", "/api/chat", HELLO, 200),
        ("POST", "/api/chat/stream", HELLO, 200),
        ("GET", "/api/cloud/credits", None, 200),
        *(
            ("GET", f"{billing}/{what}", None, 200)
            for what in ("summary", "payment-methods", "history?limit=5", "settings")
        ),
        ("PUT", f"{billing}/settings", {"autoTopUp": {"enabled": False}}, 200),
        ("POST", f"{billing}/checkout", {"amountUsd": 25}, 200),
        ("POST", f"{billing}/crypto/quote", {"amountUsd": 25}, 403),
        *(
            ("GET", f"{billing}/{what}", None, 200)
            for what in ("credits/balance", "credits/summary", "crypto/status")
        ),
        ("GET", f"{billing}/credits/verify?session_id=x", None, None),
        ("GET", f"{billing}/crypto/payments", None, None),
        *((method, "/api/cloud/compat/agents", None, None) for method in ("GET", "PUT", "PATCH", "DELETE")),
        ("POST", "/api/cloud/compat/agents", {}, None),
        *(
            ("PUT", f"/api/cloud/routing/{what}", CLOUD_ROUTE, 200)
            for what in ("tts", "media", "rpc", "embeddings", "llmText")
        ),
        ("GET", "/api/cloud/routing", None, 200),
        ("GET", "/v1/models", None, 200),
        ("POST", "/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "x"}]}, 200),
        (
            "POST",
            "/v1/chat/completions",
            {"model": "eliza-agent", "messages": [{"role": "user", "content": "x"}]},
            200,
        ),
        ("POST", "/v1/embeddings", {"model": "m", "input": "x"}, 200),
        ("POST", "/v1/audio/speech", {"input": "x"}, 200),
        ("POST", "/api/tts/cloud", {"text": "x"}, 200),
        ("POST", "/v1/images/generations", {"prompt": "x"}, 200),
        ("POST", "/v1/videos/generations", {"prompt": "x"}, 200),
        ("POST", "/rpc/base", {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}, 200),
        ("POST", "/api/provider/switch", {"provider": "elizacloud", "capability": "tts"}, 200),
        ("DELETE", "/api/cloud/routing/tts", None, 200),
        ("GET", "/api/cloud/log-level", None, 200),
        ("PUT", "/api/cloud/log-level", {"level": "info"}, 200),
        ("GET", "/metrics", None, 200),
        ("GET", "/docs", None, 200),
        ("GET", "/docs/errors", None, 200),
        ("GET", "/api/openapi.json", None, 200),
        ("POST", f"/api/cloud/agents/{other}/suspend", None, 200),
        ("POST", f"/api/cloud/agents/{other}/resume", None, 200),
        ("POST", f"/api/cloud/agents/{other}/restart", None, 200),
        # Of the newest cloud alone:
        ("PATCH", f"/api/cloud/agents/{other}", {"agentName": "x"}, None),
        ("GET", f"/api/cloud/agents/{other}/logs", None, None),
        ("GET", f"/api/cloud/agents/{other}/upgrade", None, None),
        ("POST", f"/api/cloud/agents/{other}/upgrade", {"quoteId": "x"}, None),
        ("POST", f"/api/cloud/agents/{other}/shutdown", None, 200),
        ("POST", "/api/cloud/disconnect", None, 200),
    ]


async def test_every_operation_answers_as_the_document_says(signed_in):
    agent, other = await signed_in.agent("first"), await signed_in.agent("second")
    met = set()
    for method, path, body, status in walk(agent, other):
        answer = await signed_in.call(method, path, **({} if body is None else {"json": body}))
        content = await answer.read()
        assert status in (None, answer.status), (method, path, content)
        name = check_answer(method, path.partition("?")[0], answer.status, answer.headers, content)
        met.add(name)
    led = await signed_in.call("GET", "/", allow_redirects=False)
    met.add(check_answer("GET", "/", led.status, led.headers, await led.read()))
    assert {name for name in operations() if name not in met} == set()


async def test_a_browser_that_has_only_the_address_is_led_to_the_page(service):
    answer = await service.call("GET", "/", headers={"Authorization": ""})
    assert (answer.status, answer.url.path) == (200, "/docs")
    assert [step.status for step in answer.history] == [302]


@pytest.mark.asyncio(loop_scope="module")
async def test_every_operation_is_refused_as_the_document_says(idle):
    for name in operations():
        method, _, path = name.partition(" ")
        path = re.sub(r"{\w+}", "x", path.replace("{agent_id}", AGENT))
        for headers in (
            {"Authorization": f"Bearer {TOKEN}"},
            {"Authorization": ""},
            {"Origin": "https://evil"},
        ):
            wrong = {"Last-Event-ID": "none", **headers}
            answer = await idle.call(method, path, data=b"[1", headers=wrong, allow_redirects=False)
            content = await answer.read()
            assert check_answer(method, path, answer.status, answer.headers, content) == name
