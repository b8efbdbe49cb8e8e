"""A stop while something hangs, with every bound as it is; and a second signal, which waits for nothing."""

import http.client
import json
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.crash.processes import ForkedService
from tests.crash.store_problems import Locked
from tests.harness.calls import GONE, TOKEN
from tests.harness.waiting import HANG, wait_until

BOUND = 2 * 20.0  # the TimeoutStopSec of the units, twice, for a machine that is busy


@contextmanager
def streaming(service: ForkedService) -> Iterator[http.client.HTTPResponse]:
    """A reader of a conversation in which the agent stops in the middle of a sentence."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=HANG)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", "/api/chat/stream", '{"text": "hello"}', headers)
    yield connection.getresponse()
    connection.close()


def test_a_stop_closes_the_streams_and_says_why(machine):
    service, _ = machine.linked()
    machine.cloud.fault("*/stream", "hang-body")
    with streaming(service) as answer:
        first = json.loads(answer.readline().removeprefix(b"data: "))
        assert first["type"] == "token"
        service.signal(signal.SIGTERM)
        rest = answer.read().decode()
    last = json.loads(rest.strip().rpartition("data: ")[2])
    assert (last["type"], last["code"]) == ("error", "stopping")
    assert service.wait() == 0


def ignored(service: ForkedService, method: str, path: str) -> None:
    with suppress(*GONE):
        service.ask(method, path)


def test_everything_that_hangs_at_once_does_not_add_up_to_more_than_a_stop_may_take(machine, figure):
    """The longest stop there is, its bounds as they are: snapshot, calls, polls, streams, half a request."""
    service, agent = machine.linked()
    cloud = machine.cloud
    cloud.fault("*/stream", "hang-body")
    met = [cloud.fault("*/snapshot", "hang"), cloud.fault("/api/auth/cli-session/*", "hang", method="GET")]
    met.append(cloud.fault("/api/v1/credits/*", "hang"))
    service.post("/api/cloud/login")
    callers = [
        threading.Thread(target=ignored, args=(service, "GET", "/api/cloud/credits")),
        threading.Thread(target=ignored, args=(service, "POST", f"/api/cloud/agents/{agent}/backups")),
    ]
    for caller in callers:
        caller.start()
    half = socket.create_connection(("127.0.0.1", service.port))
    half.sendall(
        f"POST /api/cloud/agents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"agent'.encode()
    )
    with streaming(service) as answer:
        answer.readline()
        wait_until(lambda: all(cloud.met(fault) for fault in met))
        began = time.monotonic()
        service.signal(signal.SIGTERM)
        code = service.wait()
        took = time.monotonic() - began
    half.close()
    for caller in callers:
        caller.join()
    figure(f"{took:.2f} s to stop while everything hangs")
    assert code == 0, service.output
    assert took < BOUND


def test_a_stop_while_the_database_is_locked_waits_no_longer_than_a_stop_may_take(machine, figure):
    service, agent = machine.linked()
    problem = Locked(machine)
    problem.begin()
    caller = threading.Thread(
        target=ignored, args=(service, "POST", f"/api/cloud/agents/{uuid.uuid4()}/connect")
    )
    caller.start()
    service.status()
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    code = service.wait()
    took = time.monotonic() - began
    problem.end()
    caller.join()
    figure(f"{took:.2f} s to stop while the database is locked")
    assert code == 0, service.output
    assert took < BOUND
    machine.start().until_linked(agent)


@pytest.mark.parametrize("what", ["settings", "database"])
def test_a_disk_that_hangs_for_good_does_not_hold_a_stop_up(machine, what, figure):
    service = machine.signed_in(hanging_database=str(machine.notes / "hang") if what == "database" else "")
    if what == "settings":
        machine.config.unlink()
        os.mkfifo(machine.config)
    (machine.notes / "hang").touch()
    caller = threading.Thread(target=ignored, args=(service, "POST", "/api/cloud/disconnect"))
    caller.start()
    wait_until(lambda: service.ask("GET", "/healthz")[0] == 503)
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    code = service.wait(BOUND)
    took = time.monotonic() - began
    caller.join()
    figure(f"{took:.2f} s to stop while the {what} can be neither read nor written")
    assert code == 1
    assert "The service did not stop within 13 seconds." in service.output
    assert "Traceback" not in service.output
    assert took < BOUND


def test_a_name_that_cannot_be_looked_up_does_not_hold_a_stop_up(machine, figure):
    service = machine.start(
        slow_names=True,
        environ={
            "ELIZAOS_CLOUD_BASE_URL": "https://slow.example",
            "ELIZAOS_CLOUD_API_KEY": "eliza_" + "0" * 64,
        },
    )
    caller = threading.Thread(target=ignored, args=(service, "POST", "/api/cloud/login"))
    caller.start()
    wait_until(lambda: "slow.example" in service.log.read_text())
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    code = service.wait()
    took = time.monotonic() - began
    caller.join()
    figure(f"{took:.2f} s to stop while a name is looked up")
    assert code == 0
    assert took < BOUND


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(machine, first, second):
    service, agent = machine.linked()
    key = machine.key
    fault = machine.cloud.fault("*/snapshot", "hang")
    service.signal(first)
    wait_until(lambda: machine.cloud.met(fault))
    assert not service.ended
    service.signal(second)
    assert service.wait() == -second  # 143 or 130 in a shell; 0, had it waited for the snapshot
    assert machine.key == key
    machine.cloud.heal()
    machine.start().until_linked(agent)
