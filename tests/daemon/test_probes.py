"""What a supervisor may ask without a token, wherever the service listens, and how little it is told."""

import pytest

from eliza_cloud.store.config.listen_address import Binding, Port
from tests.api.conftest import raw, request

ELSEWHERE = [Binding("0.0.0.0", (Port(0, "--port"),)), Binding("::", (Port(0, "--port"),))]
NAMED = Binding("192.0.2.7", (Port(0, "--port"),))
NOWHERE = "http://127.0.0.1:9"


async def probed(service, path, *headers, method="GET", host="Host: localhost:31337"):
    status, _, body = await raw(service, request(f"{method} {path}", *headers, host=host))
    return status, body


@pytest.mark.parametrize("bound", [Binding("127.0.0.1", ()), NAMED, *ELSEWHERE], ids=lambda one: one.host)
async def test_the_probes_need_no_token_anywhere(serve, bound):
    service = await serve(NOWHERE, bound=bound)
    assert await probed(service, "/healthz") == (200, b'{"ok":true}')
    assert await probed(service, "/readyz") == (503, b'{"ready":false,"reason":"not_signed_in"}')
    assert await probed(service, "/healthz", method="HEAD") == (200, b"")
    assert await probed(service, "/readyz", method="HEAD") == (503, b"")
    status = 200 if bound.is_loopback else 401
    assert (await probed(service, "/api/cloud/status"))[0] == status
    assert (await probed(service, "/api/cloud/agents"))[0] == 401
    assert (await probed(service, "/healthz", method="POST"))[0] == 401


async def test_a_probe_by_address_reaches_what_listens_there(serve):
    """As Kubernetes and load balancers ask: with the address as host, whatever the port."""
    named = await serve(NOWHERE, bound=NAMED)
    for host, status in {
        "192.0.2.7:31337": 200,
        "192.0.2.7": 200,
        "10.1.2.3:31337": 403,
        "evil.example": 403,
    }.items():
        assert (await probed(named, "/healthz", host=f"Host: {host}"))[0] == status, host


async def test_a_probe_of_every_address_may_come_by_any_name_but_from_no_foreign_page(serve):
    everywhere = await serve(NOWHERE, bound=ELSEWHERE[0])
    for host in ("10.1.2.3:31337", "[fd00::7]:31337", "eliza-cloud.default.svc"):
        assert (await probed(everywhere, "/healthz", host=f"Host: {host}"))[0] == 200, host
    for path in ("/healthz", "/readyz"):
        assert (await probed(everywhere, path, "Origin: https://evil.example"))[0] == 403
        assert (await probed(everywhere, path, host=None))[0] in {400, 403}


async def test_ready_means_that_the_link_stands(signed_in, cloud):
    async def ready():
        answer = await signed_in.session.get(f"{signed_in.url}/readyz")
        return answer.status, await answer.json()

    assert await ready() == (503, {"ready": False, "reason": "disconnected"})
    await signed_in.linked_agent()
    assert await ready() == (200, {"ready": True})
    assert (await signed_in.post("/api/cloud/disconnect"))[0] == 200
    assert await ready() == (503, {"ready": False, "reason": "not_signed_in"})


async def test_what_only_a_restart_mends_does_not_look_alive(serve):
    service = await serve(NOWHERE)
    await service.manager.stop()
    assert await probed(service, "/healthz") == (503, b'{"ok":false}')
    assert await probed(service, "/readyz") == (503, b'{"ready":false,"reason":"runtime_not_started"}')
