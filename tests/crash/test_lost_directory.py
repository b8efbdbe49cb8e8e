"""The state directory vanishes under a running service: it is noticed, and no two services link."""

import shutil

from tests.crash.machine import Machine
from tests.harness.waiting import wait_until

SOON = {"eliza_cloud.daemon.state_watch.LOOKED_AFTER": 0.2}  # seconds; 20 otherwise


def codes(service) -> set[str]:
    return {item["code"] for item in service.ask("GET", "/api/cloud/health")[1]["items"]}


def lost(machine: Machine) -> None:
    """Move the directory away and let an empty one take its place."""
    machine.state.rename(machine.state.with_name("moved"))


def is_closed(service) -> bool:
    return service.status()["connection"]["state"] == "disconnected"


def test_it_is_noticed_and_the_link_is_closed(machine):
    service, _ = machine.linked(constants=SOON)
    shutil.rmtree(machine.state)
    wait_until(lambda: "state_dir_lost" in codes(service))
    wait_until(lambda: is_closed(service))
    wait_until(lambda: '"state_dir.lost"' in service.output)


def test_another_directory_in_its_place_is_noticed_too(machine):
    service, _ = machine.linked(constants=SOON)
    lost(machine)
    machine.state.mkdir(mode=0o700)
    (machine.state / "serve.lock").touch()
    wait_until(lambda: "state_dir_lost" in codes(service))
    wait_until(lambda: is_closed(service))


def test_a_second_service_in_its_place_is_refused(machine):
    service, _ = machine.linked()
    lost(machine)
    second = machine.serve()
    assert second.wait() == 3
    assert "already running" in second.output or "already_running" in second.output
    service.kill()
    machine.start()


def test_a_directory_that_comes_back_is_no_longer_lost(machine):
    service = machine.start(constants=SOON)
    lost(machine)
    wait_until(lambda: "state_dir_lost" in codes(service))
    shutil.rmtree(machine.state, ignore_errors=True)
    machine.state.with_name("moved").rename(machine.state)
    wait_until(lambda: "state_dir_lost" not in codes(service))
