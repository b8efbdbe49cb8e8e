"""GET /metrics of the whole service: its formats, its names, its bounds, and what requests leave in it."""

import asyncio
import re
from urllib.parse import quote

import pytest
from aiohttp import web
from prometheus_client.openmetrics import parser as openmetrics

from eliza_cloud.api.routes import ROUTES
from eliza_cloud.ops.metrics.definitions import METRICS, MetricKind
from eliza_cloud.ops.metrics.http import ENDPOINTS, OTHER, endpoint_of
from tests.harness.service import TOKEN
from tests.metrics.numbers import SERIES, Numbers
from tests.routing.conftest import CLOUD, cloud, log, provider, serve, service, signed_in  # noqa: F401
from tests.security.flows import APART, BODY

AGENT = "0b5f0f7e-4f3c-4d8e-9a43-3d1f2c9b7e10"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


async def numbers(service):  # noqa: F811 - a fixture
    answer = await service.call("GET", "/metrics")
    assert answer.status == 200
    return Numbers(await answer.text())


async def requests(service, **labels):  # noqa: F811
    return (await numbers(service)).all("eliza_cloud_requests_total", **labels)


async def test_it_needs_the_token(service):  # noqa: F811
    answer = await service.call("GET", "/metrics", headers={"Authorization": "Bearer wrong"})
    assert answer.status == 401
    assert "eliza_cloud_" not in await answer.text()


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, TEXT),
        ("*/*", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/plain;version=what;escaping=\u00e9", TEXT),
        (f"{OPENMETRICS};q=0.9,text/plain;q=0.5", OPENMETRICS),
        ("Application/OpenMetrics-Text; version=secret", OPENMETRICS),
    ],
)
async def test_it_speaks_prometheus_text_and_openmetrics_to_whoever_accepts_it(service, accept, media):  # noqa: F811
    answer = await service.call("GET", "/metrics", headers={} if accept is None else {"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"]) == (200, media)
    text = await answer.text()
    if media == OPENMETRICS:
        families = list(openmetrics.text_string_to_metric_families(text))
        assert {family.type for family in families} == {"counter", "gauge", "histogram"}
    else:
        assert len(Numbers(text).families) > 30


async def test_head_is_answered_without_a_body(service):  # noqa: F811
    answer = await service.call("HEAD", "/metrics")
    assert (answer.status, await answer.read()) == (200, b"")


async def test_what_is_exposed_is_what_the_catalogue_says(service):  # noqa: F811
    await service.ask("GET", "/api/cloud/status")
    read = await numbers(service)
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family for family in read.families
    }
    has_stream = any(route.path == "/api/cloud/events" for route in ROUTES)
    shown = [metric for metric in METRICS if has_stream or "event_stream" not in metric.name]
    assert set(families) == {metric.name for metric in shown}
    for metric in shown:
        family = families[metric.name]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        assert all(
            set(sample.labels) - {"le"} == set(metric.labels) and sample.name in SERIES
            for sample in family.samples
        ), metric.name


def test_the_catalogue_follows_the_conventions_of_prometheus():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"(eliza_cloud|process)(_[a-z]+)+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
        assert bool(metric.buckets) == (metric.kind is MetricKind.HISTOGRAM)
        assert metric.help.endswith(".")
        assert len(metric.help) > 5
        assert "millis" not in metric.name
        assert not re.search(r"_(ms|hours|minutes|mb|kb|percent|usd)(_|$)", metric.name)


async def test_requests_are_counted_by_route_method_and_status(service):  # noqa: F811
    await service.ask("GET", "/api/cloud/status")
    await service.ask("GET", "/api/cloud/status?with=a&query")
    await service.call("HEAD", "/api/cloud/status")
    await service.ask("POST", f"/api/cloud/agents/{AGENT}/connect")
    await service.ask("GET", "/api/cloud/credits", headers={"Authorization": "Bearer wrong"})
    await service.ask("PUT", "/api/cloud/status")
    read = await numbers(service)
    assert read.all("eliza_cloud_requests_total") == {
        ("GET", "/api/cloud/status", "200"): 2,
        ("HEAD", "/api/cloud/status", "200"): 1,
        ("POST", "/api/cloud/agents/{agent_id}/connect", "401"): 1,
        ("GET", "/api/cloud/credits", "401"): 1,
        ("PUT", "unmatched", "405"): 1,
    }
    assert read.value("eliza_cloud_request_seconds_count", route="/api/cloud/status", method="GET") == 2
    assert await requests(service, route="/metrics") == {("GET", "/metrics", "200"): 1}


async def test_no_request_can_make_more_than_a_few_series(service):  # noqa: F811
    await service.call("PROPFIND", "/api/cloud/status")
    await service.call("GET", "/nothing")
    before = len(list((await numbers(service)).samples()))
    for number in range(40):
        await service.call(("PURGE", "REPORT", "MKCOL", f"METHOD{number}")[number % 4], f"/{number}")
        await service.call("GET", f"/{number}/{'a' * number}?{number}")
        await service.call("GET", f"/api/cloud/agents/{number}/../{quote(TOKEN)}")
        await service.call("GET", "/nothing", headers={"Host": f"{number}.example"})
    read = await numbers(service)
    assert read.value("eliza_cloud_requests_total", method="other", status="405") == 1
    assert read.value("eliza_cloud_requests_total", method="other", status="404") == 30
    assert {labels[0] for labels in read.all("eliza_cloud_requests_total")} == {"GET", "other"}
    routes = {labels[1] for labels in read.all("eliza_cloud_requests_total")}
    assert routes <= {"unmatched", "/metrics"}
    assert len(list(read.samples())) - before <= 20
    assert TOKEN not in str(read.families)


async def test_a_stream_is_counted_when_it_begins(service, provider):  # noqa: F811
    other = await provider("other")
    service.edit(providers={"other": {"baseUrl": other.url, "keyRequired": False}})
    service.route(llmText={"backend": "other", "transport": "direct"})
    gate = asyncio.Event()

    async def streamed(request, _):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: {}\n\n")
        await gate.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    other.script["/v1/chat/completions"] = streamed
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    completions = f"{service.url}/v1/chat/completions"
    async with service.session.post(completions, json=body, headers=headers) as answer:
        await answer.content.readline()
        assert await requests(service, route="/v1/chat/completions") == {
            ("POST", "/v1/chat/completions", "200"): 1
        }
        gate.set()
        await answer.read()
    assert await requests(service, route="/v1/chat/completions") == {
        ("POST", "/v1/chat/completions", "200"): 1
    }


async def test_calls_of_a_capability_are_counted_by_road_and_outcome(serve, cloud, provider):  # noqa: F811
    service = await serve(cloud.url, cloud.key)  # noqa: F811
    other = await provider("other")
    service.edit(providers={"other": {"baseUrl": other.url, "keyRequired": False}})
    service.route(llmText={"backend": "other", "transport": "direct"}, embeddings=CLOUD)
    await service.chat()

    async def refused(*_):
        return web.json_response({"error": {"code": "a_code_of_its_own_4711", "message": "no"}}, status=400)

    async def limited(*_):
        return web.json_response({"error": {"message": "no"}}, status=429)

    for script in (refused, limited):
        other.script["/v1/chat/completions"] = script
        await service.chat()
    await service.ask("POST", "/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"})
    assert (await numbers(service)).all("eliza_cloud_gateway_calls_total") == {
        ("llmText", "direct", "answered"): 1,
        ("llmText", "direct", "refused"): 1,
        ("llmText", "direct", "rate_limited"): 1,
        ("embeddings", "cloud-proxy", "answered"): 1,
    }


async def test_every_call_that_a_route_leads_to_has_its_endpoint(serve, cloud):  # noqa: F811
    service = await serve(cloud.url, cloud.key)  # noqa: F811
    service.route(**dict.fromkeys(("llmText", "tts", "media", "embeddings", "rpc"), CLOUD))
    _, created = await service.ask("POST", "/api/cloud/agents", {"agentName": "x"})
    agent = created["agent"]["id"]
    await service.ask("POST", f"/api/cloud/agents/{agent}/connect")
    for route in sorted(ROUTES, key=lambda route: route.path.endswith(("/suspend", "/shutdown"))):
        path = re.sub(r"{[^}]*}", "base", route.path.replace("{agent_id}", agent))
        body = {} if route.method == "GET" else {"body": BODY}
        if route.path not in {*APART, "/api/cloud/events"}:
            await service.call(route.method, path, headers={"Prefer": "respond-async"}, **body)
    called = {endpoint for endpoint, _ in (await numbers(service)).all("eliza_cloud_cloud_calls_total")}
    assert len(called) > 20
    assert OTHER not in called


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        (f"/api/v1/eliza/agents/{AGENT}/bridge", "/api/v1/{prefix}/agents/{id}/bridge"),
        (f"/below/it/api/v1/milady/agents/{AGENT}", "/api/v1/{prefix}/agents/{id}"),
        ("/api/v1/milaidy/agents", "/api/v1/{prefix}/agents"),
        ("/api/v1/eliza/agents/..%2f..%2fuser", "/api/v1/{prefix}/agents/{id}"),
        ("/api/auth/cli-session/secret", "/api/auth/cli-session/{id}"),
        ("/api/compat/a/b/c", "/api/compat/{path}"),
        ("/api/compat/a/api/v1/user", "/api/compat/{path}"),
        ("/below/api/api/v1/user", "/api/v1/user"),
        ("/api/v1/generateximage", OTHER),
        ("/api/v1/eliza/agents/a/b/c", OTHER),
        ("/secret", OTHER),
        ("", OTHER),
    ],
)
def test_a_path_becomes_one_of_a_bounded_set(path, endpoint):
    assert endpoint_of(path) == endpoint
    assert endpoint in {*ENDPOINTS, OTHER}


async def test_the_process_is_shown_under_the_usual_names(service):  # noqa: F811
    read = await numbers(service)
    assert read.value("process_resident_memory_bytes") > 10_000_000
    assert 3 < read.value("process_open_fds") <= read.value("process_max_fds")
    assert read.value("process_start_time_seconds") > 1_600_000_000
    assert read.all("eliza_cloud_build_info").popitem()[1] == 1
