"""cloud-api-latest L1: a host that redirects everything to the one that answers."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from eliza_cloud.emulator import create_legacy_host


@pytest.fixture
async def legacy():
    async with TestClient(TestServer(create_legacy_host("http://127.0.0.1:4400/"))) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/user", "/api/v1/user"),
        ("/api/v1/eliza/agents/a%2Fb?x=1&y=%20", "/api/v1/eliza/agents/a%2Fb?x=1&y=%20"),
        ("/auth/cli-login?session=s", "/auth/cli-login?session=s"),
        ("/dashboard/settings?tab=billing", "/cloud/settings?tab=billing"),
        ("/", "/"),
    ],
)
async def test_path_and_query_stay(legacy, path, target):
    for method in ("GET", "POST", "PATCH", "DELETE"):
        response = await legacy.request(method, path, allow_redirects=False, json={"a": 1})
        assert (response.status, response.headers["Location"]) == (308, f"http://127.0.0.1:4400{target}")


async def test_another_status_can_be_chosen():
    app = create_legacy_host("http://127.0.0.1:4400", status=307)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/api/v1/user", allow_redirects=False)).status == 307
