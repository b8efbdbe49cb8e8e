"""A real service and an emulated cloud: a sign-in outlives a kill, and what a sign-out does to the key."""

import json
import signal

import pytest

from eliza_cloud.emulator import GENERATIONS
from tests.crash.machine import SETTINGS, Machine, emulator
from tests.harness.calls import EmulatorCalls, ask
from tests.harness.waiting import wait_until


@pytest.fixture(scope="module", params=GENERATIONS)
def generation(request):
    return request.param


@pytest.fixture(scope="module")
def shared_cloud(generation):
    with emulator(generation) as cloud:
        yield cloud


@pytest.fixture
def revoking(generation):
    """Whether the cloud has the path that revokes a key."""
    return generation == "latest"


@pytest.fixture
def machine(fork_server, cloud, tmp_path):
    one = Machine(fork_server, cloud, tmp_path)
    one.config.write_text(json.dumps({"cloud": SETTINGS}))
    yield one
    one.close()


def accepts(cloud: EmulatorCalls, key: str) -> bool:
    """Tell whether the cloud accepts a key."""
    headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    status = ask(cloud.url, "GET", "/api/v1/user", headers=headers)[0]
    assert status in {200, 401}
    return status == 200


def minted(cloud: EmulatorCalls) -> str:
    """Make a key, as an operator does on the website."""
    return str(cloud.control("keys", name="operator")["apiKey"])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_sign_in_that_is_pending_when_the_service_ends_succeeds_after_the_next_start(machine, end):
    verbose = {"ELIZA_LOG_LEVEL": "debug"}
    service = machine.start(environ=verbose)
    session = service.post("/api/cloud/login")["sessionId"]
    service.signal(end)
    service.wait()
    assert (machine.state / "agent.sqlite3").stat().st_mode & 0o777 == 0o600
    service = machine.start(environ=verbose)
    assert service.login_status(session)["status"] == "pending"
    prefix = machine.cloud.approve(session)
    wait_until(lambda: service.login_status(session)["status"] == "authenticated")
    service.until_linked(None)
    assert machine.key.startswith(prefix)
    assert machine.files_with(session) == []
    assert session not in "".join(child.output for child in machine.children)


def test_one_that_was_approved_while_no_service_ran_succeeds_too(machine):
    service = machine.start()
    session = service.post("/api/cloud/login")["sessionId"]
    service.kill()
    prefix = machine.cloud.approve(session)
    machine.start().until_linked(None)
    assert machine.key.startswith(prefix)


@pytest.mark.parametrize("restart", [False, True])
def test_a_sign_out_between_ends_it(machine, restart):
    service = machine.start()
    session = service.post("/api/cloud/login")["sessionId"]
    if restart:
        service.kill()
        service = machine.start()
    service.post("/api/cloud/disconnect")
    service.kill()
    assert machine.files_with(session) == []
    machine.cloud.approve(session)
    service = machine.start()
    assert service.login_status(session)["status"] == "expired"
    service.signal(signal.SIGTERM)  # what it had to do at its start is done when it has stopped
    assert service.wait() == 0
    assert machine.files_with("eliza_") == []


def test_a_sign_out_revokes_the_key_of_our_own_sign_in_where_the_cloud_can(machine, revoking):
    service = machine.signed_in()
    key = machine.key
    service.kill()
    service = machine.start()
    service.until_linked(None)
    body = service.post("/api/cloud/disconnect")
    assert body["keyRevoked"] is revoking
    assert ("Delete the key" in body.get("keyNote", "")) is not revoking
    assert accepts(machine.cloud, key) is not revoking
    assert machine.files_with(key) == []


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_key_that_an_operator_gave_stays_valid(machine, place):
    key = minted(machine.cloud)
    environ = {"ELIZAOS_CLOUD_API_KEY": key} if place == "environment" else {}
    if place == "file":
        machine.config.write_text(json.dumps({"cloud": {**SETTINGS, "apiKey": key, "enabled": True}}))
    service = machine.start(environ=environ)
    service.until_linked(None)
    body = service.post("/api/cloud/disconnect")
    assert (body["keyRevoked"], "was not obtained by a sign-in here" in body["keyNote"]) == (False, True)
    assert accepts(machine.cloud, key)
    assert not service.status()["hasApiKey"]


def test_a_key_stays_valid_where_that_is_asked_for(machine):
    service = machine.signed_in()
    key = machine.key
    body = service.post("/api/cloud/disconnect", {"keepKey": True})
    assert (body["keyRevoked"], body["keyNote"]) == (
        False,
        "The key stays valid at Eliza Cloud, as it was asked for.",
    )
    assert accepts(machine.cloud, key)
    assert machine.files_with(key) == []


def test_a_cloud_that_is_away_holds_no_sign_out_up(machine):
    service = machine.signed_in()
    key = machine.key
    machine.cloud.fault("*", "reset")
    body = service.post("/api/cloud/disconnect")
    assert (body["status"], body["keyRevoked"]) == ("disconnected", False)
    assert "The API key could not be revoked." in body["keyNote"]
    assert not service.status()["hasApiKey"]
    assert machine.files_with(key) == []
    machine.cloud.heal()
    assert accepts(machine.cloud, key)


def test_a_stop_waits_for_a_sign_out_that_asks_the_cloud_to_revoke_its_key(machine, revoking):
    service = machine.signed_in()
    key = machine.key
    fault = machine.cloud.fault("/api/v1/api-keys/current", "delay", seconds=0.5)
    status, body = machine.stopped_in_a_sign_out(service, fault)
    assert (status, body["keyRevoked"]) == (200, revoking)
    assert accepts(machine.cloud, key) is not revoking
