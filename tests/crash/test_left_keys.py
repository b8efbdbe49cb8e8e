"""eliza.json that may not be written, or not just now: the service starts, and a sign-out is pursued."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.crash.machine import SETTINGS, Machine
from tests.crash.store_problems import FullDisk, Locked, as_root
from tests.harness.processes import run
from tests.harness.waiting import wait_until

SOON = {"eliza_cloud.runtime.loop.PURSUED_AGAIN_AFTER": 0.1}  # seconds; 5 otherwise
NEVER = {"eliza_cloud.runtime.loop.PURSUED_AGAIN_AFTER": 3600.0}
IMPATIENT = {"eliza_cloud.store.sqlite.database.BUSY_TIMEOUT": 0.05}  # seconds; 5 otherwise
DONE = {"ok": True, "status": "disconnected"}


def of_this_machine(answer):
    """What a sign-out says, without what became of the key at the cloud."""
    return {name: value for name, value in answer.items() if name not in {"keyRevoked", "keyNote"}}


class Mount:
    """eliza.json as a mount of its own, as a container gets it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.file = machine.notes / "outside.json"
        self.file.write_bytes(machine.config.read_bytes())
        as_root("mount", "--bind", self.file, machine.config)

    def read_only(self) -> None:
        as_root("mount", "-o", "remount,bind,ro", self.machine.config)

    def writable(self) -> None:
        as_root("mount", "-o", "remount,bind,rw", self.machine.config)

    def close(self) -> None:
        self.machine.close()
        assert run("umount", "--lazy", self.machine.config).returncode == 0


@pytest.fixture
def mount(machine) -> Iterator[Mount]:
    one = Mount(machine)
    yield one
    one.close()


def items(service) -> list[dict[str, str]]:
    return service.ask("GET", "/api/cloud/health")[1]["items"]


def codes(service) -> set[str]:
    return {item["code"] for item in items(service)}


def stopped(service) -> None:
    service.signal(signal.SIGTERM)
    assert service.wait() == 0


def with_key(machine: Machine, key: str) -> str:
    return json.dumps({"cloud": {**SETTINGS, "enabled": True, "apiKey": key}})


def test_a_file_that_cannot_be_replaced_is_written_in_place(machine, mount):
    service = machine.signed_in()
    key = machine.key
    assert json.loads(mount.file.read_text())["cloud"]["apiKey"] == key
    stopped(service)
    service = machine.start()
    service.until_linked(None)
    assert of_this_machine(service.post("/api/cloud/disconnect")) == DONE
    assert key not in mount.file.read_text()
    assert machine.files_with(key) == []


def test_with_a_file_that_is_read_only_one_can_sign_in_start_again_and_sign_out(machine, mount):
    mount.read_only()
    service = machine.signed_in()
    [item] = [one for one in items(service) if one["code"] == "key_not_in_file"]
    assert str(machine.config) in item["detail"]
    assert "the file system is read-only" in item["detail"]
    stopped(service)
    service = machine.start()
    service.until_linked(None)
    key = machine.record_in_use().key.reveal()
    assert of_this_machine(service.post("/api/cloud/disconnect")) == DONE
    assert machine.files_with(key) == []
    assert not service.status()["hasApiKey"]
    assert "key_not_in_file" not in codes(service)
    stopped(service)
    assert not machine.start().status()["hasApiKey"]


def test_a_key_in_a_read_only_file_is_used_until_it_is_signed_out_and_then_ignored(machine, mount):
    service = machine.signed_in()
    key = machine.key
    stopped(service)
    mount.file.chmod(0o644)
    mount.read_only()
    service = machine.start()
    service.until_linked(None)
    assert "state_dir_permissions" in codes(service)
    assert of_this_machine(service.post("/api/cloud/disconnect")) == {
        **DONE,
        "keyLeftIn": [str(machine.config)],
    }
    assert not service.status()["hasApiKey"]
    assert machine.files_with(key) == ["eliza.json"]
    stopped(service)
    service = machine.start()
    assert not service.status()["hasApiKey"]
    assert "signed_out_key_left" in codes(service)
    stopped(service)
    mount.writable()
    service = machine.start()
    assert "signed_out_key_left" not in codes(service)
    assert machine.files_with(key) == []


def test_another_key_in_that_file_counts(machine, mount):
    service = machine.signed_in()
    stopped(service)
    mount.read_only()
    service = machine.start()
    service.until_linked(None)
    assert service.post("/api/cloud/disconnect")["keyLeftIn"]
    stopped(service)
    mount.file.write_text(with_key(machine, "eliza_" + "5" * 64))
    service = machine.start()
    assert service.status()["hasApiKey"]


def test_a_new_sign_in_wins_over_the_old_key_in_a_read_only_file(machine, mount):
    service = machine.signed_in()
    old = machine.key
    stopped(service)
    mount.read_only()
    service = machine.start()
    service.until_linked(None)
    service.login(machine.cloud)
    stopped(service)
    service = machine.start()
    service.until_linked(None)
    assert machine.record_in_use().key.reveal() != old
    assert service.post("/api/cloud/disconnect")["ok"]
    stopped(service)
    assert not machine.start().status()["hasApiKey"]


def test_a_key_that_the_environment_gives_is_named_and_ignored_after_a_sign_out(machine):
    service = machine.signed_in()
    given = {"ELIZAOS_CLOUD_API_KEY": machine.key}
    machine.config.write_text(json.dumps({"cloud": SETTINGS}))
    stopped(service)
    service = machine.start(environ=given)
    service.until_linked(None)
    assert of_this_machine(service.post("/api/cloud/disconnect")) == {
        **DONE,
        "keyLeftIn": ["ELIZAOS_CLOUD_API_KEY"],
    }
    stopped(service)
    service = machine.start(environ=given)
    assert not service.status()["hasApiKey"]
    assert "signed_out_key_left" in codes(service)
    service.login(machine.cloud)
    assert "signed_out_key_left" not in codes(service)


def test_a_file_that_is_not_there_is_made_by_the_first_write(machine):
    missing = machine.notes / "config" / "eliza.json"
    service = machine.start(environ={"ELIZA_CONFIG_PATH": str(missing)})
    assert "config_file_missing" in codes(service)
    service.login(machine.cloud)
    assert json.loads(missing.read_text())["cloud"]["enabled"]
    assert "config_file_missing" not in codes(service)


class TestAStateDirectoryThatOthersMayWriteIn:
    def mode(self, machine: Machine) -> int:
        return machine.state.stat().st_mode & 0o7777

    @pytest.mark.parametrize("mode", [0o777, 0o775, 0o722])
    def test_is_closed_where_it_is_ours(self, machine, mode):
        machine.state.chmod(mode)
        service = machine.start()
        assert self.mode(machine) == 0o700
        assert "state_dir_open" not in codes(service)

    def test_is_named_with_its_mode_where_it_is_not(self, machine):
        as_root("chown", "12345", machine.state)
        machine.state.chmod(0o777)
        service = machine.start()
        [item] = [one for one in items(service) if one["code"] == "state_dir_open"]
        assert "0777" in item["detail"]
        wait_until(lambda: '"state_dir.open"' in service.output)
        assert self.mode(machine) == 0o777

    def test_that_is_meant_to_be_shared_is_named_and_left(self, machine):
        machine.state.chmod(0o1777)
        service = machine.start()
        assert "state_dir_open" in codes(service)
        assert self.mode(machine) == 0o1777

    def test_and_one_that_others_may_only_look_into_stays_as_it_is(self, machine):
        machine.state.chmod(0o755)
        service = machine.start()
        assert "state_dir_open" not in codes(service)
        assert self.mode(machine) == 0o755


class TestASignOutThatWasBegun:
    def begun(self, machine: Machine, constants: dict[str, float]):
        """Sign in, break eliza.json and sign out."""
        service = machine.signed_in(constants=constants)
        key = machine.key
        whole = machine.config.read_text()
        machine.config.write_text(whole + "}")
        status, body = service.ask("POST", "/api/cloud/disconnect")
        assert (status, body["code"]) == (500, "settings_invalid")
        assert service.status()["hasApiKey"]
        assert "sign_out_unfinished" in codes(service)
        return service, key, whole

    def is_over(self, machine: Machine, service, key: str) -> None:
        wait_until(lambda: not service.status()["hasApiKey"])
        assert machine.files_with(key) == []
        assert "sign_out_unfinished" not in codes(service)

    def test_is_pursued_without_help(self, machine):
        service, key, whole = self.begun(machine, SOON)
        machine.config.write_text(whole)
        self.is_over(machine, service, key)

    def test_is_pursued_at_a_reload(self, machine):
        service, key, whole = self.begun(machine, NEVER)
        machine.config.write_text(whole)
        service.signal(signal.SIGHUP)
        self.is_over(machine, service, key)

    def test_is_pursued_at_a_stop(self, machine):
        service, key, whole = self.begun(machine, NEVER)
        machine.config.write_text(whole)
        stopped(service)
        assert machine.files_with(key) == []

    def test_is_pursued_at_a_start(self, machine):
        service, key, whole = self.begun(machine, NEVER)
        service.kill()
        machine.config.write_text(whole)
        service = machine.start()
        assert not service.status()["hasApiKey"]
        assert machine.files_with(key) == []

    def test_leaves_a_key_that_somebody_wrote_since(self, machine):
        service, key, _ = self.begun(machine, SOON)
        other = "eliza_" + "5" * 64
        machine.config.write_text(with_key(machine, other))
        self.is_over(machine, service, key)
        assert machine.key == other

    def test_ends_with_a_new_sign_in(self, machine):
        service, key, whole = self.begun(machine, NEVER)
        machine.config.write_text(whole)
        service.login(machine.cloud)
        service.signal(signal.SIGHUP)
        service.until_linked(None)
        assert machine.key != key
        assert "sign_out_unfinished" not in codes(service)

    @pytest.mark.parametrize("kind", [FullDisk, Locked])
    def test_is_pursued_from_memory_where_not_even_that_could_be_written_down(self, machine, kind):
        problem = kind(machine)
        try:
            service = machine.signed_in(constants={**SOON, **IMPATIENT})
            key = machine.key
            problem.begin()
            status, body = service.ask("POST", "/api/cloud/disconnect")
            assert (status, body["code"]) == (500, problem.code)
            assert "a restart before that succeeds would sign in again" in body["error"]
            assert service.status()["hasApiKey"]
            problem.end()
            self.is_over(machine, service, key)
        finally:
            machine.close()
            problem.close()
