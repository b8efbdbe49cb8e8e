"""SIGTERM and SIGINT in every state: ended properly, in time, and nothing is lost."""

import http.client
import json
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from eliza_cloud.api.exit_code import ExitCode
from eliza_cloud.cli.serve import serve
from tests.crash.house import GONE, TOKEN, Machine, Service, until
from tests.crash.troubles import Locked

BOUND = 15.0  # seconds that a stop may take
QUICK = {"eliza_cloud.link.backup.FINAL_BOUND": 0.5, "eliza_cloud.link.manager.LAST_POLL_BOUND": 0.5}


def signed_in(machine: Machine) -> Service:
    service = machine.start(constants=QUICK)
    service.login(machine.cloud)
    service.until_linked(None)
    return service


def linked(machine: Machine) -> tuple[Service, str]:
    service = signed_in(machine)
    agent = create(service)
    service.post(f"/api/cloud/agents/{agent}/connect")
    return service, agent


def create(service: Service) -> str:
    answer = service.post("/api/cloud/agents", {"agentName": "a", "forceCreate": True})
    return str(answer["agent"]["id"])


def until_state(service: Service, state: str, reason: str | None = None) -> None:
    def holds() -> bool:
        connection = service.status()["connection"]
        return connection["state"] == state and reason in (None, connection["reason"])

    until(holds, lambda: (service.status(), service.lines[-5:]))


def set_bridge(machine: Machine, **settings: int) -> None:
    document = machine.document()
    document["cloud"]["bridge"].update(settings)
    machine.config.write_text(json.dumps(document))


# The states. Each returns the service in it, and the agent that is wished for.

State = Callable[[Machine], tuple[Service, str | None]]


def no_key(machine: Machine) -> tuple[Service, None]:
    return machine.start(), None


def idle(machine: Machine) -> tuple[Service, None]:
    return signed_in(machine), None


def login_pending(machine: Machine) -> tuple[Service, None]:
    service = signed_in(machine)
    service.post("/api/cloud/login")
    return service, None


def login_poll_hanging(machine: Machine) -> tuple[Service, None]:
    service = signed_in(machine)
    fault = machine.cloud.fault("/api/auth/cli-session/*", "hang", method="GET")
    service.post("/api/cloud/login")
    until(lambda: machine.cloud.met(fault))
    return service, None


def connecting(machine: Machine) -> tuple[Service, str]:
    service = signed_in(machine)
    agent = create(service)
    fault = machine.cloud.fault("*/provision", "hang")
    service.ask("POST", f"/api/cloud/agents/{agent}/connect", Prefer="respond-async")
    until(lambda: machine.cloud.met(fault))
    until_state(service, "connecting")
    return service, agent


def connected(machine: Machine) -> tuple[Service, str]:
    return linked(machine)


def reconnecting_and_waiting(machine: Machine) -> tuple[Service, str]:
    set_bridge(machine, heartbeatIntervalMs=20, reconnectIntervalMs=600_000, maxReconnectDelayMs=600_000)
    service, agent = linked(machine)
    machine.cloud.control(f"agents/{agent}/sandbox", state="dead")
    until_state(service, "reconnecting")
    return service, agent


def reconnecting_and_trying(machine: Machine) -> tuple[Service, str]:
    set_bridge(machine, heartbeatIntervalMs=20)
    service, agent = linked(machine)
    fault = machine.cloud.fault("*/provision", "hang")
    machine.cloud.control(f"agents/{agent}/sandbox", state="dead")
    until(lambda: machine.cloud.met(fault))
    until_state(service, "reconnecting")
    return service, agent


def error(machine: Machine) -> tuple[Service, str]:
    service, agent = signed_in(machine), str(uuid.uuid4())
    assert service.ask("POST", f"/api/cloud/agents/{agent}/connect")[0] == 404
    until_state(service, "error")
    return service, agent


def closing(machine: Machine) -> tuple[Service, str]:
    service, _ = linked(machine)
    other = create(service)
    fault = machine.cloud.fault("*/snapshot", "delay", seconds=0.2)
    service.ask("POST", f"/api/cloud/agents/{other}/connect", Prefer="respond-async")
    until(lambda: machine.cloud.met(fault))
    until_state(service, "connected", "closing")
    return service, other


STATES: list[State] = [
    no_key,
    idle,
    login_pending,
    login_poll_hanging,
    connecting,
    connected,
    reconnecting_and_waiting,
    reconnecting_and_trying,
    error,
    closing,
]


def held(machine: Machine) -> object:
    return machine.document()["cloud"].get("apiKey")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_stop_ends_with_zero_in_time_and_keeps_key_and_wish(machine, state, number, figure):
    service, wish = state(machine)
    key = held(machine)
    began = time.monotonic()
    service.signal(number)
    assert service.wait() == 0, service.output
    took = time.monotonic() - began
    assert took < BOUND
    figure(f"{took:.2f} s to stop by {signal.Signals(number).name}: {state.__name__}")
    assert "Traceback" not in service.output
    assert held(machine) == key
    machine.cloud.heal()
    if state is error:
        until_state(machine.start(), "error")
    elif key is not None:
        if wish is not None:
            machine.cloud.control(f"agents/{wish}/sandbox", state="running")
        machine.start().until_linked(wish)


def test_a_stop_takes_exactly_one_final_snapshot_where_the_link_stands(machine):
    service, agent = linked(machine)
    service.signal(signal.SIGTERM)
    assert service.wait() == 0
    assert machine.cloud.backups(agent) == 1


def test_a_stop_while_closing_takes_no_second_snapshot(machine):
    service, _ = closing(machine)
    first = service.status()["connection"]["agentId"]
    service.signal(signal.SIGTERM)
    assert service.wait() == 0
    assert machine.cloud.backups(first) == 1


def test_a_stop_in_the_middle_of_a_disconnect_finishes_it(machine):
    service, agent = linked(machine)
    key = held(machine)
    fault = machine.cloud.fault("*/snapshot", "delay", seconds=0.2)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(service.ask("POST", "/api/cloud/disconnect")))
    caller.start()
    until(lambda: machine.cloud.met(fault))
    service.signal(signal.SIGTERM)
    caller.join()
    assert service.wait() == 0
    assert answers == [(200, {"ok": True, "status": "disconnected"})]
    assert machine.cloud.backups(agent) == 1
    assert machine.files_with(key) == []
    assert not machine.start().status()["hasApiKey"]


def test_a_stop_while_the_database_is_locked_waits_no_longer_than_a_stop_may_take(machine, figure):
    service, agent = linked(machine)
    service.kill()
    service = machine.start()
    service.until_linked(agent)
    trouble = Locked(machine)
    trouble.begin()
    caller = threading.Thread(
        target=ignored, args=(service, "POST", f"/api/cloud/agents/{uuid.uuid4()}/connect")
    )
    caller.start()
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    code = service.wait()
    took = time.monotonic() - began
    trouble.end()
    caller.join()
    figure(f"{took:.2f} s to stop while the database is locked")
    assert code == 0, service.output
    assert took < BOUND
    machine.start().until_linked(agent)


@contextmanager
def streaming(service: Service) -> Iterator[http.client.HTTPResponse]:
    """A reader of a conversation in which the agent stops in the middle of a sentence."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", "/api/chat/stream", '{"text": "hello"}', headers)
    yield connection.getresponse()
    connection.close()


def test_a_stop_closes_the_streams_and_says_why(machine):
    service, _ = linked(machine)
    machine.cloud.fault("*/stream", "hang-body")
    with streaming(service) as answer:
        first = json.loads(answer.readline().removeprefix(b"data: "))
        assert first["type"] == "token"
        service.signal(signal.SIGTERM)
        rest = answer.read().decode()
    last = json.loads(rest.strip().rpartition("data: ")[2])
    assert (last["type"], last["code"]) == ("error", "stopping")
    assert service.wait() == 0


@pytest.mark.parametrize(
    ("method", "path", "hangs"),
    [
        ("POST", "/api/cloud/agents/{agent}/connect", "*/provision"),
        ("POST", "/api/cloud/agents/{agent}/resume", "*/resume"),
        ("POST", "/api/cloud/agents/{agent}/backups", "*/snapshot"),
        ("POST", "/api/cloud/login", "/api/auth/cli-session"),
        ("GET", "/api/cloud/agents", "/api/v1/*/agents"),
    ],
)
def test_a_request_under_way_is_answered_that_the_service_stops(machine, method, path, hangs):
    service = signed_in(machine)
    agent = create(service)
    fault = machine.cloud.fault(hangs, "hang")
    answers = []
    caller = threading.Thread(target=lambda: answers.append(service.ask(method, path.format(agent=agent))))
    caller.start()
    until(lambda: machine.cloud.met(fault))
    service.signal(signal.SIGTERM)
    caller.join()
    assert service.wait() == 0
    ((status, body),) = answers
    assert (status, body["code"]) == (503, "stopping")


def test_everything_that_hangs_at_once_does_not_add_up_to_more_than_a_stop_may_take(machine, figure):
    """The longest stop there is, its bounds as they are: snapshot, calls, polls, streams, half a request."""
    service, agent = linked(machine)
    service.kill()
    service = machine.start()
    service.until_linked(agent)
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
        until(lambda: all(cloud.met(fault) for fault in met))
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


def ignored(service: Service, method: str, path: str) -> None:
    with suppress(*GONE):
        service.ask(method, path)


def test_a_name_that_cannot_be_looked_up_does_not_hold_a_stop_up(machine, figure):
    service = machine.start(
        slow_names=True,
        environ={
            "ELIZAOS_CLOUD_BASE_URL": "https://slow.example",
            "ELIZAOS_CLOUD_API_KEY": "eliza_" + "0" * 64,
        },
    )
    threading.Thread(target=ignored, args=(service, "POST", "/api/cloud/login")).start()
    until(lambda: service.status()["hasApiKey"])
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    code = service.wait(30)
    took = time.monotonic() - began
    figure(f"{took:.2f} s to stop while a name is looked up")
    assert code == 0
    assert took < BOUND


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(machine, first, second):
    service, agent = linked(machine)
    key = held(machine)
    service.kill()
    service = machine.start()
    service.until_linked(agent)
    fault = machine.cloud.fault("*/snapshot", "hang")
    service.signal(first)
    until(lambda: machine.cloud.met(fault))
    assert not service.ended
    began = time.monotonic()
    service.signal(second)
    assert service.wait() == -second  # 143 or 130 in a shell
    assert time.monotonic() - began < 1.0
    assert held(machine) == key
    machine.cloud.heal()
    machine.start().until_linked(agent)


def test_a_signal_while_starting_stops_it_as_soon_as_it_has_started(machine, figure):
    machine.start().kill()
    plan, seen = machine.notes / "plan", machine.notes / "seen"
    plan.write_text(json.dumps({"at": 0, "seen": str(seen)}))
    service = machine.start(kill_points=str(plan))
    service.kill()
    points = len(seen.read_text().splitlines())
    assert points > 10
    for number in range(1, points + 1, 4):
        fell = machine.notes / f"fell-{number}"
        plan.write_text(json.dumps({"at": number, "fell": str(fell), "signal": "SIGTERM"}))
        service = machine.serve(kill_points=str(plan))
        assert service.wait() == 0, service.output
        assert fell.exists()
        assert "Traceback" not in service.output
    figure(f"{len(range(1, points + 1, 4))} stops in the middle of starting")
    plan.unlink()
    machine.start()


def test_the_exit_codes_are_documented():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    table = readme[readme.index("`eliza-cloud serve` ends with") :].partition("\n\n## ")[0]
    listed = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert listed == [*(str(code.value) for code in ExitCode), "130, 143"]
    words = " ".join(str(serve.help).split())
    for said in ("0 when it was stopped", "143 or 130 in a shell", "1 when it failed", "2 for", "3 when"):
        assert said in words
