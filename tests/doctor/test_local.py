"""Settings, state directory, ports and service: what can be told without a network."""

import asyncio
import os
from contextlib import suppress

import pytest

from eliza_cloud.cli.installation import installation
from eliza_cloud.ops.doctor.run import why_not_running
from tests.harness import processes


def listing(directory):
    return sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in directory.rglob("*"))


async def test_a_machine_with_nothing_on_it_fails_nothing_and_stays_as_it_was(machine, cloud):
    assert await machine.failures() == {}
    assert machine.report.ok
    found = {finding.check.value: finding.result.value for finding in machine.report.checks}
    assert found == {
        "settings": "PASS",
        "state": "PASS",
        "clock": "PASS",
        "dns": "SKIP",
        "tls": "SKIP",
        "baseUrl": "PASS",
        "key": "SKIP",
        "credits": "SKIP",
        "agent": "SKIP",
        "ports": "PASS",
        "versions": "PASS",
        "service": "SKIP",
    }
    assert not machine.state.exists()


async def test_looking_changes_nothing_in_a_state_directory(machine, cloud):
    machine.settings(apiKey=cloud.key)
    await machine.keep(signing_out=True, desired_agent_id="a1", desired_agent_base_url=cloud.url)
    before = listing(machine.state)
    await machine.examined()
    assert listing(machine.state) == before


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"cloud": {"enabled": 3}}', "cloud.enabled: expected true or false, found 3."),
        ("{", "eliza.json: line 1"),
        ("[]", "eliza.json: expected an object"),
    ],
)
async def test_wrong_settings_fail_and_what_depends_on_them_waits(machine, text, names):
    machine.write(text)
    assert await machine.failures() == {"settings": "settings_invalid"}
    found = {finding.check.value: finding for finding in machine.report.checks}
    assert names in found["settings"].found
    assert str(machine.state / "eliza.json") in found["settings"].remedy
    assert found["key"].found == found["baseUrl"].found == "Skipped: depends on settings."


async def test_unknown_settings_are_named_and_pass(machine, cloud):
    machine.settings(autobackup=5, bakup={})
    found = await machine.examined()
    assert found["settings"].result == "PASS"
    assert found["settings"].code == "settings_unknown"
    assert "cloud.autobackup" in found["settings"].found
    assert "cloud.bakup" in found["settings"].found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ELIZA_LOG_LEVEL", "loud"),
        ("ELIZA_API_PORT", "http"),
        ("ELIZA_API_BIND", "example"),
        ("ELIZA_ALLOWED_ORIGINS", "nowhere"),
        ("ELIZA_API_TOKEN", "two words"),
        ("ELIZA_API_BIND", "0.0.0.0"),
    ],
)
async def test_a_variable_that_serve_refuses_is_named(machine, cloud, name, value):
    machine.environ[name] = value
    assert (await machine.failures())["settings"] == "settings_invalid"
    settings = machine.report.checks[0]
    assert (name if value != "0.0.0.0" else "ELIZA_API_TOKEN") in settings.found
    assert "two words" not in settings.found
    assert (await why_not_running(installation(machine.environ))) == settings


async def test_a_path_that_cannot_be_a_directory_fails(machine, tmp_path):
    (tmp_path / "file").write_text("")
    machine.environ["ELIZA_STATE_DIR"] = str(tmp_path / "file" / "state")
    found = await why_not_running(installation(machine.environ))
    assert (found.check, found.result, found.code) == ("settings", "FAIL", "store_failed")
    machine.environ["ELIZA_CONFIG_PATH"] = str(tmp_path / "eliza.json")
    found = await why_not_running(installation(machine.environ))
    assert (found.check, found.result, found.code) == ("state", "FAIL", "store_failed")


async def test_a_state_directory_that_is_a_file_fails(machine, cloud, tmp_path):
    machine.environ["ELIZA_STATE_DIR"] = str(tmp_path / "file")
    machine.environ["ELIZA_CONFIG_PATH"] = str(tmp_path / "eliza.json")
    (tmp_path / "file").write_text("")
    assert (await machine.failures())["state"] == "store_failed"


async def test_a_database_that_is_none_fails_where_the_state_is_and_the_key_waits(machine, cloud):
    machine.settings()
    (machine.state / "agent.sqlite3").write_bytes(b"not a database" * 100)
    (machine.state / "agent.sqlite3").chmod(0o600)
    assert await machine.failures() == {"state": "store_failed"}
    found = await machine.examined()
    assert "not a database" in found["state"].found
    assert found["key"].found == "Skipped: depends on state directory."


@pytest.mark.parametrize("file", ["api-token", "agent.sqlite3", "agent.sqlite3-wal", "eliza.json"])
async def test_a_secret_that_others_can_read_is_exposed_and_the_remedy_hides_it(machine, cloud, file):
    machine.settings(apiKey=cloud.key)
    await machine.keep(desired_agent_id=None)
    machine.state.chmod(0o755)
    (machine.state / file).touch()
    (machine.state / file).chmod(0o644)
    found = (await machine.examined())["state"]
    assert (found.result, found.code) == ("FAIL", "state_dir_permissions")
    assert await why_not_running(installation(machine.environ)) is None
    command = found.remedy.partition("`")[2].partition("`")[0]
    assert processes.run("sh", "-c", command).returncode == 0
    assert (await machine.examined())["state"].result == "PASS"


async def test_a_directory_in_which_others_may_write_is_exposed(machine, cloud):
    machine.settings()
    machine.state.chmod(0o770)
    assert await machine.failures() == {"state": "state_dir_permissions"}


async def test_settings_without_a_key_may_be_read_by_all(machine, cloud):
    machine.settings()
    machine.state.chmod(0o755)
    (machine.state / "eliza.json").chmod(0o644)
    assert await machine.failures() == {}


async def test_a_full_disk_is_told_and_mended_by_space(machine, cloud):
    machine.state.mkdir(mode=0o700)
    mounted = processes.run("mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", machine.state)
    if mounted.returncode:
        pytest.skip("takes root to mount a small file system")
    try:
        ballast = machine.state / "ballast"
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        assert await machine.failures() == {"state": "disk_full"}
        assert (await why_not_running(installation(machine.environ))).code == "disk_full"
        assert [path.name for path in machine.state.iterdir()] == ["ballast"]
        ballast.unlink()
        assert await machine.failures() == {}
    finally:
        assert processes.run("umount", "--lazy", machine.state).returncode == 0


async def test_a_port_that_another_program_holds_fails_and_is_named_with_what_sets_it(machine, cloud):
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with other:
        taken = other.sockets[0].getsockname()[1]
        machine.environ["ELIZA_PORT"] = str(taken)
        assert await machine.failures() == {"ports": "port_taken"}
        found = await why_not_running(installation(machine.environ))
        assert f"127.0.0.1:{taken}" in found.found
        assert "ELIZA_PORT" in found.remedy
    assert await machine.failures() == {}
    assert await why_not_running(installation(machine.environ)) is None


async def test_an_address_of_another_machine_cannot_be_listened_on(machine, cloud):
    machine.environ |= {"ELIZA_API_BIND": "192.0.2.1", "ELIZA_API_TOKEN": "t" * 32}
    found = await why_not_running(installation(machine.environ))
    assert (found.check, found.code) == ("ports", "settings_invalid")
    assert "ELIZA_API_BIND" in found.remedy


async def test_a_dead_holder_of_the_lock_is_no_service(machine, cloud):
    machine.state.mkdir(mode=0o700)
    (machine.state / "serve.lock").write_text(f"{os.getpid()}\n")
    found = (await machine.examined())["service"]
    assert (found.result, found.code) == ("SKIP", "service_not_running")
    assert "eliza-cloud serve" in found.remedy


async def test_without_a_home_the_state_directory_is_asked_for(machine):
    for name in ("HOME", "ELIZA_STATE_DIR"):
        del machine.environ[name]
    machine.environ["ELIZA_STATE_DIR"] = "~nobody-of-this-name/state"
    assert await machine.failures() == {"state": "store_failed"}
    assert "ELIZA_STATE_DIR" in machine.report.checks[1].found


async def test_what_is_in_a_closed_directory_is_exposed_to_nobody(machine, cloud):
    machine.settings(apiKey=cloud.key)
    (machine.state / "eliza.json").chmod(0o644)
    assert await machine.failures() == {}
