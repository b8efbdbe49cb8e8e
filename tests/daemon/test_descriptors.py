"""File descriptors: connections are bounded, and running out of descriptors is said and survived."""

import contextlib
import http.client
import socket
import urllib.error

import pytest

from eliza_cloud.daemon.descriptors import connections_allowed
from tests.harness.calls import GONE
from tests.harness.waiting import wait_until


@contextlib.contextmanager
def crowd(port, size):
    """So many connections that say nothing."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(size)]


def answer(service):
    """The status of the service, or None while it accepts nobody."""
    with contextlib.suppress(*GONE, urllib.error.URLError, http.client.HTTPException):
        return service.ask("GET", "/api/cloud/status")
    return None


@pytest.mark.parametrize(
    ("descriptors", "allowed"), [(20, 8), (128, 32), (1024, 480), (8192, 2000), (1_000_000, 2000)]
)
def test_connections_leave_a_reserve(descriptors, allowed):
    assert connections_allowed(descriptors) == allowed


def test_a_crowd_that_says_nothing_shuts_nobody_out_and_leaves_the_link_alone(start, emulator):
    service = start(descriptors=128, ELIZAOS_CLOUD_API_KEY=emulator.mint())
    service.until_status("connected")
    agent = service.create_agent()
    service.post(f"/api/cloud/agents/{agent}/connect")
    with crowd(service.port, 500):
        for _ in range(5):
            assert service.ask("GET", "/api/cloud/credits")[0] == 200
        assert service.status()["connection"]["state"] == "connected"
        assert service.ask("GET", "/api/cloud/health")[1]["items"] == []


def test_a_connection_in_use_is_not_the_one_that_makes_room(start, emulator):
    service = start(descriptors=128, ELIZAOS_CLOUD_API_KEY=emulator.mint())
    service.until_status("connected")
    fault = emulator.fault("/api/v1/*/agents", "delay", seconds=0.3)
    connection = http.client.HTTPConnection("127.0.0.1", service.port)
    connection.request("GET", "/api/cloud/agents", headers={"Authorization": f"Bearer {service.token}"})
    wait_until(lambda: emulator.met(fault))
    with crowd(service.port, 100):
        assert connection.getresponse().status == 200
    connection.close()


def test_without_a_descriptor_left_one_line_is_logged_and_health_names_it(start):
    service = start(descriptors=32)
    with crowd(service.port, 120):
        assert service.until_logged("descriptors.exhausted")["level"] == "warning"
    wait_until(lambda: answer(service))
    codes = [item["code"] for item in service.ask("GET", "/api/cloud/health")[1]["items"]]
    assert "descriptors_exhausted" in codes
    with service.logged:
        assert [one["event"] for one in service.log].count("descriptors.exhausted") == 0
        assert not any("accept" in one["event"] for one in service.log)
