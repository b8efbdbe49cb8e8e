"""Ten incidents: everyone names the same cause, and its remedy works when it is followed.

Everyone: `doctor`, `explain`, `/readyz`, the log and the health items. All of it runs as real processes.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from eliza_cloud.core.problems import PROBLEMS
from tests.harness.processes import run
from tests.harness.waiting import HANG, wait_until
from tests.incidents.site import Process, Site
from tests.incidents.tls import TlsFront


class Said(NamedTuple):
    """What each of those who can be asked says about the service."""

    health: str | None  # the worst item
    ready: tuple[int, str | None]
    explained: str | None
    remedy: str | None
    doctor: set[str]


WELL = Said(health=None, ready=(200, None), explained=None, remedy=None, doctor=set())


def all_name(cause: str) -> Said:
    """What is said where everyone names this cause."""
    return Said(cause, (503, cause), cause, PROBLEMS[cause].remedy, {cause})


def said_about(site: Site, cause: str) -> Said:
    """Wait until the log, a warning at least, and the health items name the cause; then ask everyone."""
    site.log_names(cause)
    wait_until(lambda: cause in site.health())
    return asked(site)


def said_after(site: Site, cause: str) -> Said:
    """Wait until the link stands and the health items do not name the cause any more; then ask everyone."""
    site.run("wait", "--for", "ready", "--timeout", f"{HANG:.0f}")
    wait_until(lambda: cause not in site.health())
    return asked(site)


def asked(site: Site) -> Said:
    explained = site.run("explain", code=None)
    items = [item for item in site.health() if item in PROBLEMS]
    return Said(
        health=next(iter(items), None),
        ready=site.ready(),
        explained=explained["cause"],
        remedy=explained["remedy"] if explained["cause"] else None,
        doctor=the_doctor_names(site),
    )


def the_doctor_names(site: Site) -> set[str]:
    report = site.run("doctor", code=None)
    failed = [check for check in report["checks"] if check["result"] == "FAIL"]
    assert all(check["remedy"] for check in failed)
    return {check["code"] for check in failed}


def linked(site: Site) -> str:
    site.start_service()
    site.sign_in()
    site.emulator.control("organization", balance=20)
    return site.link()


def test_a_revoked_key_is_named_and_a_new_sign_in_mends_it(site):
    linked(site)
    site.emulator.control("keys/revoke")
    assert said_about(site, "key_rejected") == all_name("key_rejected")
    site.sign_in()
    assert said_after(site, "key_rejected") == WELL


def test_a_lack_of_credits_is_named_and_a_top_up_mends_it(site):
    agent = linked(site)
    site.run("agents", "suspend", agent)
    site.emulator.control("organization", balance=0)
    site.run("agents", "connect", agent, code=None)
    assert said_about(site, "credits_exhausted") == all_name("credits_exhausted")
    site.emulator.control("organization", balance=20)  # a top-up
    site.run("agents", "connect", agent)
    assert said_after(site, "credits_exhausted") == WELL


def test_a_name_of_the_cloud_that_leads_nowhere_is_named_and_the_right_one_mends_it(site):
    right = site.environment["ELIZAOS_CLOUD_BASE_URL"]
    site.environment["ELIZAOS_CLOUD_API_KEY"] = site.emulator.mint()
    site.environment["ELIZAOS_CLOUD_BASE_URL"] = "https://eliza-cloud.invalid"
    site.start_service()
    assert said_about(site, "cloud_name_not_found") == all_name("cloud_name_not_found")
    site.environment["ELIZAOS_CLOUD_BASE_URL"] = right
    site.restart_service()
    site.emulator.control("organization", balance=20)
    site.run("wait", "--for", "signed-in", "--timeout", f"{HANG:.0f}")
    site.link()
    assert said_after(site, "cloud_name_not_found") == WELL


def test_a_cloud_that_is_down_is_named_and_its_return_mends_it(site):
    linked(site)
    assert site.cloud.stop() == 0
    assert said_about(site, "cloud_unreachable") == all_name("cloud_unreachable")
    site.start_cloud()
    assert said_after(site, "cloud_unreachable") == WELL


def test_a_dead_sandbox_is_named_and_a_connect_mends_it(site):
    agent = linked(site)
    dead = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "Sandbox is not running"}}
    fault = site.emulator.fault("/api/v1/*/bridge", "status", status=200, body=dead)
    assert said_about(site, "agent_unreachable") == all_name("agent_unreachable")
    site.emulator.heal(fault)
    site.run("agents", "connect", agent)
    assert said_after(site, "agent_unreachable") == WELL


def test_a_wrong_clock_is_named_and_setting_it_mends_it(site, tmp_path):
    """The world is set ahead instead, with its certificates and dates: to this clock that is the same."""
    front = TlsFront(site.cloud_port, tmp_path)
    front.the_clock_is_behind(timedelta(days=30))
    front.start()
    try:
        site.environment |= {
            "ELIZAOS_CLOUD_API_KEY": site.emulator.mint(),
            "ELIZAOS_CLOUD_BASE_URL": front.url,
            "SSL_CERT_FILE": str(front.authority_file),
        }
        site.start_service()
        assert said_about(site, "clock_wrong") == all_name("clock_wrong")
        front.the_clock_is_behind(timedelta())  # it is set
        site.emulator.control("organization", balance=20)
        site.run("wait", "--for", "signed-in", "--timeout", f"{HANG:.0f}")
        site.link()
        assert said_after(site, "clock_wrong") == WELL
    finally:
        site.close()
        front.close()


@contextmanager
def a_small_disk(directory: Path) -> Iterator[Path]:
    """Put the directory on a file system of half a megabyte; yield the file that fills it."""
    content = {path.name: path.read_bytes() for path in directory.iterdir()}
    mounted = run("mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", directory)
    if mounted.returncode != 0:
        pytest.skip(f"NOT TESTED HERE, as it takes root: a full disk ({mounted.stderr.strip()})")
    try:
        for name, data in content.items():
            (directory / name).write_bytes(data)
            (directory / name).chmod(0o600)
        yield directory / "ballast"
    finally:
        assert run("umount", "--lazy", directory).returncode == 0


def test_a_full_disk_is_named_and_space_mends_it(site):
    with a_small_disk(site.state) as ballast:
        site.start_service()
        site.sign_in()
        site.emulator.control("organization", balance=20)
        site.run("agents", "create", "ada")
        fill(ballast)
        refused = site.run("agents", "connect", "ada", code=1)
        assert refused["code"] == "disk_full"
        assert said_about(site, "disk_full") == all_name("disk_full")
        ballast.unlink()
        site.run("agents", "connect", "ada")
        assert said_after(site, "disk_full") == WELL
        site.close()


def fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


@contextmanager
def another_program(port: int) -> Iterator[None]:
    """Let another program answer at the service's port: it knows nothing of what it is asked for."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_taken_port_is_named_and_its_release_mends_it(site):
    """A service that cannot listen answers nobody, so that `/readyz` and health items cannot be asked."""
    with another_program(site.port):
        site.service = Process(["serve"], site.environment)
        assert site.service.ends() == 1
        refused = site.log_names("port_taken")
        assert refused["remedy"] == PROBLEMS["port_taken"].remedy
        explained = site.run("explain", code=3)
        assert explained["cause"] == "port_taken"
        assert "ELIZA_API_PORT" in explained["remedy"]
        assert site.run("health", code=3)["code"] == "not_our_service"
        assert site.ready() == (404, None), "the other program answers"
        assert the_doctor_names(site) == {"port_taken"}
    linked(site)  # the other program was stopped
    assert said_after(site, "port_taken") == WELL


def test_broken_settings_are_named_and_the_right_ones_mend_it(site):
    site.start_service()
    site.sign_in()
    right = (site.state / "eliza.json").read_text()
    wrong = json.loads(right)
    wrong["cloud"]["backup"]["autoBackupIntervalMs"] = "often"
    site.settings(wrong)
    site.reload()
    assert said_about(site, "settings_invalid") == all_name("settings_invalid")
    named = site.run("config", "check", code=2)
    assert "cloud.backup.autoBackupIntervalMs" in json.dumps(named)
    said = len(site.service.lines)
    site.settings(right)
    site.run("config", "check")
    site.reload()
    site.service.says(lambda line: "settings.read" in line, after=said)
    site.emulator.control("organization", balance=20)
    site.link()
    assert said_after(site, "settings_invalid") == WELL


def test_a_deleted_agent_is_named_and_another_one_mends_it(site):
    agent = linked(site)
    site.delete_at_the_cloud(agent)
    assert said_about(site, "agent_gone") == all_name("agent_gone")
    site.link("bert")
    assert said_after(site, "agent_gone") == WELL
