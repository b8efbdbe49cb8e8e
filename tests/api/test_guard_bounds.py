"""The guard when the service listens elsewhere than on loopback, and when somebody guesses."""

import json

import pytest

from eliza_cloud.store.config.listen_address import Binding, Port
from tests.api.conftest import raw, request
from tests.harness.service import NOWHERE, TOKEN

PORT = (Port(31337, "ELIZA_API_PORT"),)
RIGHT = f"Authorization: Bearer {TOKEN}"
OPEN = ("GET /api/cloud/status", "GET /api/cloud/login/status?sessionId=x")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "10.0.0.5"])
@pytest.mark.parametrize("head", OPEN)
async def test_nothing_is_open_beyond_loopback(serve, host, head):
    service = await serve(NOWHERE, bound=Binding(host, PORT))
    assert (await raw(service, request(head)))[0] == 401
    assert (await raw(service, request(head, RIGHT)))[0] == 200


async def test_the_bound_address_is_a_known_host(serve):
    service = await serve(NOWHERE, bound=Binding("192.168.1.20", PORT))
    for host, status in (("192.168.1.20:31337", 200), ("192.168.1.21", 403), ("evil.example", 403)):
        assert (await raw(service, request(OPEN[0], RIGHT, host=f"Host: {host}")))[0] == status


async def test_every_well_formed_host_is_known_when_bound_to_every_address(serve):
    service = await serve(NOWHERE, bound=Binding("0.0.0.0", PORT))
    for host, status in (("nas.local:31337", 200), ("10.1.2.3", 200), ("a b", 403), ("", 403)):
        assert (await raw(service, request(OPEN[0], RIGHT, host=f"Host: {host}")))[0] == status


async def test_the_eleventh_wrong_token_within_a_minute_waits_and_the_right_one_never(serve):
    now = [1000.0]
    service = await serve(NOWHERE, monotonic=lambda: now[0])
    wrong = request("GET /api/cloud/credits", "Authorization: Bearer guess")
    for _ in range(10):
        assert (await raw(service, wrong))[0] == 401
        now[0] += 1
    status, headers, body = await raw(service, wrong)
    assert (status, headers["retry-after"]) == (429, "50")
    assert json.loads(body) == {
        "ok": False,
        "error": "Too many wrong tokens were sent. Try again in 50 s.",
        "code": "too_many_attempts",
    }
    assert (await raw(service, request("GET /api/cloud/credits", RIGHT)))[0] == 200
    assert (await raw(service, request("GET /api/cloud/credits")))[0] == 401
    now[0] += 50
    assert (await raw(service, wrong))[0] == 401
    assert (await raw(service, wrong))[0] == 429
