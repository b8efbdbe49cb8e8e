"""SIGTERM and SIGINT in every state: ended properly, in time, and nothing is lost."""

import json
import signal
import threading
import time
from pathlib import Path

import pytest

from eliza_cloud.cli.commands.serve import serve
from eliza_cloud.daemon.exit_codes import ServiceExitCode
from tests.crash.states import QUICK, STATES, closing, error
from tests.harness.waiting import wait_until

BOUND = 2 * 20.0  # the TimeoutStopSec of the units, twice, for a machine that is busy


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_stop_ends_with_zero_in_time_and_keeps_key_and_wish(machine, state, number, figure):
    service, desired_agent_id = state(machine)
    key = machine.key
    began = time.monotonic()
    service.signal(number)
    assert service.wait() == 0, service.output
    took = time.monotonic() - began
    assert took < BOUND
    figure(f"{took:.2f} s to stop by {signal.Signals(number).name}: {state.__name__}")
    assert "Traceback" not in service.output
    assert machine.key == key
    machine.cloud.heal()
    if state is error:
        machine.start().until_state("error")
    elif key is not None:
        if desired_agent_id is not None:
            machine.cloud.control(f"agents/{desired_agent_id}/sandbox", state="running")
        machine.start().until_linked(desired_agent_id)


def test_a_stop_takes_exactly_one_final_snapshot_where_the_link_stands(machine):
    service, agent = machine.linked(constants=QUICK)
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
    service, agent = machine.linked(constants=QUICK)
    key = machine.key
    fault = machine.cloud.fault("*/snapshot", "delay", seconds=0.2)
    status, body = machine.stopped_in_a_sign_out(service, fault)
    assert (status, body["status"]) == (200, "disconnected")
    assert machine.cloud.backups(agent) == 1
    assert machine.files_with(key) == []
    assert not machine.start().status()["hasApiKey"]


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
    service = machine.signed_in(constants=QUICK)
    agent = service.create_agent()
    fault = machine.cloud.fault(hangs, "hang")
    answers = []
    caller = threading.Thread(target=lambda: answers.append(service.ask(method, path.format(agent=agent))))
    caller.start()
    wait_until(lambda: machine.cloud.met(fault))
    service.signal(signal.SIGTERM)
    caller.join()
    assert service.wait() == 0
    ((status, body),) = answers
    assert (status, body["code"]) == (503, "stopping")


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
    page = (Path(__file__).parents[2] / "eliza_cloud" / "reference" / "running.md").read_text()
    table = page[page.index("`eliza-cloud serve` ends with") :].partition("\n\n## ")[0]
    listed = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert listed == [*(str(code.value) for code in ServiceExitCode), "130, 143"]
    words = " ".join(str(serve.help).split())
    for said in ("0 when it was stopped", "143 or 130 in a shell", "1 when it failed", "2 for", "3 when"):
        assert said in words
