"""The doctor beside a service that runs, and the commands as a person uses them."""

import signal

import pytest
from aiohttp import web

from eliza_cloud.cli.installation import installation
from eliza_cloud.ops.doctor.run import why_not_running
from eliza_cloud.store.instance_lock import InstanceLock
from tests.doctor.conftest import served
from tests.harness.ports import free_port


@pytest.fixture
async def service(machine, cloud):
    async with served(machine) as process:
        yield process


async def test_a_running_service_answers_holds_its_ports_and_is_of_this_version(machine, service):
    assert await machine.failures() == {}
    found = await machine.examined()
    assert found["service"].result == found["ports"].result == found["versions"].result == "PASS"
    assert f"(process {service.pid})" in found["service"].found
    assert "held by the service itself" in found["ports"].found
    assert await why_not_running(installation(machine.environ)) is None


async def test_a_service_with_another_state_directory_holds_the_ports_as_a_stranger(
    machine, service, tmp_path
):
    machine.environ["ELIZA_STATE_DIR"] = str(tmp_path / "other")
    assert await machine.failures() == {"ports": "port_taken"}
    found = await machine.examined()
    assert "another state directory" in found["ports"].found
    assert found["service"].found == "Skipped: depends on ports."


async def test_a_service_that_stands_still_is_stuck(machine, service, monkeypatch):
    monkeypatch.setattr("eliza_cloud.ops.doctor.service.ANSWER_WITHIN", 0.2)
    service.send_signal(signal.SIGSTOP)
    assert await machine.failures() == {"service": "service_unresponsive"}
    found = await machine.examined()
    assert f"It runs (process {service.pid}), but no answer came" in found["service"].found
    assert found["ports"].found == "Skipped: depends on service."


async def test_a_service_on_another_port_is_told_and_fails_nothing(machine, service):
    machine.environ["ELIZA_API_PORT"] = str(free_port())
    assert await machine.failures() == {}
    found = await machine.examined()
    assert found["service"].result == "SKIP"
    assert f"One is running (process {service.pid}), but not at" in found["service"].found


async def test_a_service_of_another_version_is_told(machine, serve):
    url = await serve(older)
    machine.environ["ELIZA_API_PORT"] = url.rpartition(":")[2]
    assert "versions" not in await machine.failures()
    with InstanceLock(machine.state / "serve.lock"):
        assert (await machine.failures())["versions"] == "version_differs"
        found = await machine.examined()
    assert "version 0.0.9" in found["versions"].found


async def older(request):
    if request.path == "/api/openapi.json":
        return web.json_response({"info": {"title": "eliza-cloud", "version": "0.0.9"}})
    return web.json_response({"ok": True})


async def test_a_service_whose_link_has_stopped_is_stuck(machine, serve):
    async def hanging(request):
        return web.json_response({"ok": False}, status=503)

    machine.environ["ELIZA_API_PORT"] = (await serve(hanging)).rpartition(":")[2]
    with InstanceLock(machine.state / "serve.lock"):
        assert (await machine.failures())["service"] == "service_unresponsive"
