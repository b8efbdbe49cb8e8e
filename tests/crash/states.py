"""Services in every state there is to stop them in."""

import json
import uuid
from collections.abc import Callable

from tests.crash.machine import Machine
from tests.crash.processes import ForkedService
from tests.harness.waiting import wait_until

# Seconds; 8 and 2 otherwise. `test_hanging_stop.py` leaves them as they are.
QUICK = {
    "eliza_cloud.runtime.activities.backup.FINAL_SNAPSHOT_TIMEOUT": 0.5,
    "eliza_cloud.runtime.operations.login.LAST_POLL_TIMEOUT": 0.5,
}

#: Brings a machine into a state; returns the service, and the agent that is wished for.
State = Callable[[Machine], tuple[ForkedService, str | None]]


def set_bridge(machine: Machine, **settings: int) -> None:
    document = machine.document()
    document["cloud"]["bridge"].update(settings)
    machine.config.write_text(json.dumps(document))


def no_key(machine: Machine) -> tuple[ForkedService, None]:
    return machine.start(), None


def idle(machine: Machine) -> tuple[ForkedService, None]:
    return machine.signed_in(constants=QUICK), None


def login_pending(machine: Machine) -> tuple[ForkedService, None]:
    service = machine.signed_in(constants=QUICK)
    service.post("/api/cloud/login")
    return service, None


def login_poll_hanging(machine: Machine) -> tuple[ForkedService, None]:
    service = machine.signed_in(constants=QUICK)
    fault = machine.cloud.fault("/api/auth/cli-session/*", "hang", method="GET")
    service.post("/api/cloud/login")
    wait_until(lambda: machine.cloud.met(fault))
    return service, None


def connecting(machine: Machine) -> tuple[ForkedService, str]:
    service = machine.signed_in(constants=QUICK)
    agent = service.create_agent()
    fault = machine.cloud.fault("*/provision", "hang")
    service.ask("POST", f"/api/cloud/agents/{agent}/connect", Prefer="respond-async")
    wait_until(lambda: machine.cloud.met(fault))
    service.until_state("connecting")
    return service, agent


def connected(machine: Machine) -> tuple[ForkedService, str]:
    return machine.linked(constants=QUICK)


def reconnecting_and_waiting(machine: Machine) -> tuple[ForkedService, str]:
    set_bridge(machine, heartbeatIntervalMs=20, reconnectIntervalMs=600_000, maxReconnectDelayMs=600_000)
    service, agent = machine.linked(constants=QUICK)
    machine.cloud.control(f"agents/{agent}/sandbox", state="dead")
    service.until_state("reconnecting")
    return service, agent


def reconnecting_and_trying(machine: Machine) -> tuple[ForkedService, str]:
    set_bridge(machine, heartbeatIntervalMs=20)
    service, agent = machine.linked(constants=QUICK)
    fault = machine.cloud.fault("*/provision", "hang")
    machine.cloud.control(f"agents/{agent}/sandbox", state="dead")
    wait_until(lambda: machine.cloud.met(fault))
    service.until_state("reconnecting")
    return service, agent


def error(machine: Machine) -> tuple[ForkedService, str]:
    service, agent = machine.signed_in(constants=QUICK), str(uuid.uuid4())
    assert service.ask("POST", f"/api/cloud/agents/{agent}/connect")[0] == 404
    service.until_state("error")
    return service, agent


def closing(machine: Machine) -> tuple[ForkedService, str]:
    service, _ = machine.linked(constants=QUICK)
    other = service.create_agent()
    fault = machine.cloud.fault("*/snapshot", "delay", seconds=0.2)
    service.ask("POST", f"/api/cloud/agents/{other}/connect", Prefer="respond-async")
    wait_until(lambda: machine.cloud.met(fault))
    service.until_state("connected", "closing")
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
