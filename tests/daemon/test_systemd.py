"""What the service tells systemd, heard on a real datagram socket from a real process."""

import itertools
import signal
import statistics
import time

import pytest

from eliza_cloud.core.problems import RUNTIME_NOT_STARTED
from eliza_cloud.daemon.settings import reload_settings
from eliza_cloud.daemon.status_line import StatusLine
from eliza_cloud.daemon.systemd import Systemd
from eliza_cloud.redaction.log import LogRedactor
from tests.harness.observers import Crash
from tests.harness.service import whole_service
from tests.harness.waiting import until

NOBODY = "Not connected: Nobody is signed in to Eliza Cloud."
FAST = '{"cloud": {"bridge": {"heartbeatIntervalMs": 50, "reconnectIntervalMs": 50}}}'


@pytest.mark.parametrize("kind", ["supervisor", "abstract_supervisor"])
def test_it_says_ready_when_it_answers_with_its_status_before_that(start, request, kind):
    supervisor = request.getfixturevalue(kind)
    service = start(NOTIFY_SOCKET=supervisor.address)
    assert supervisor.until("READY") == {"READY": "1"}
    assert supervisor.said == [{"STATUS": NOBODY}, {"READY": "1"}]
    assert service.ask("GET", "/healthz", token=None) == (200, {"ok": True})


def test_it_says_stopping_and_then_ends_in_order(start, supervisor):
    service = start(NOTIFY_SOCKET=supervisor.address)
    supervisor.until("READY")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0
    assert supervisor.rest() == [{"STOPPING": "1"}]


def test_a_service_that_cannot_run_never_says_ready(start, supervisor):
    service = start()
    service.environ["NOTIFY_SOCKET"] = supervisor.address
    assert service.run("serve", "--port", "0").returncode == 3
    assert supervisor.rest() == []


def test_a_socket_that_is_gone_is_a_warning_and_no_more(start, tmp_path):
    service = start(NOTIFY_SOCKET=str(tmp_path / "nobody"))
    assert service.until_logged("systemd.notify_failed")["level"] == "warning"
    assert service.ask("GET", "/healthz") == (200, {"ok": True})


def test_the_status_says_what_the_link_does_and_why(start, supervisor, emulator, tmp_path):
    (tmp_path / "state" / "eliza.json").write_text(FAST)
    key = emulator.mint()
    service = start(NOTIFY_SOCKET=supervisor.address, ELIZAOS_CLOUD_API_KEY=key)
    assert service.until_status("connected")
    agent = service.ask("POST", "/api/cloud/agents", {"agentName": "ada\nWATCHDOG=trigger\x1b[31m"})[1][
        "agent"
    ]
    assert service.ask("POST", f"/api/cloud/agents/{agent['id']}/connect")[0] == 200
    supervisor.until("STATUS", "Connected to ada WATCHDOG=trigger [31m.")
    assert supervisor.statuses()[-2] == f"Connecting to {agent['id']}."
    emulator.fault("/api/v1/*", "drop")
    reconnecting = "Reconnecting to ada WATCHDOG=trigger [31m (attempt 1): Eliza Cloud cannot be reached."
    supervisor.until("STATUS", reconnecting)
    emulator.heal()
    supervisor.until("STATUS", "Connected to ada WATCHDOG=trigger [31m.")
    assert service.ask("POST", "/api/cloud/disconnect")[0] == 200
    supervisor.until("STATUS", NOBODY)
    statuses = supervisor.statuses()
    assert all(one != two for one, two in itertools.pairwise(statuses))
    assert key not in repr(supervisor.said)


def test_the_watchdog_hears_a_beat_in_every_half_of_its_time(start, supervisor):
    start(NOTIFY_SOCKET=supervisor.address, WATCHDOG_USEC="2000000")
    supervisor.until("WATCHDOG")
    beats = []
    for _ in range(4):
        assert supervisor.until("WATCHDOG") == {"WATCHDOG": "1"}
        beats.append(time.monotonic())
    gaps = [after - before for before, after in itertools.pairwise(beats)]
    assert 0.5 < statistics.median(gaps) < 2.0


@pytest.mark.parametrize(
    "variables", [{"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}]
)
def test_a_watchdog_of_another_process_or_none_hears_no_beat(start, supervisor, variables):
    service = start(NOTIFY_SOCKET=supervisor.address, **variables)
    supervisor.until("READY")
    service.process.send_signal(signal.SIGTERM)
    supervisor.until("STOPPING")
    assert not any("WATCHDOG" in message for message in supervisor.said)


def test_no_child_can_speak_in_its_name(tmp_path):
    environ = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "HOME": "/",
    }
    Systemd(environ)
    assert environ == {"HOME": "/"}


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ('{"cloud": {"bridge": {"maxFailures": 7}}}', "settings.read"),
        ('{"cloud": {"bridge": {"maxFailures": "canary"}}}', "settings.refused"),
        ("{", "settings.refused"),
    ],
    ids=["right", "wrong", "no JSON"],
)
def test_a_reload_is_announced_and_ended_whatever_the_settings_are(start, supervisor, text, logged):
    service = start(NOTIFY_SOCKET=supervisor.address)
    supervisor.until("READY")
    service.settings(text)
    before = time.monotonic_ns() // 1000
    service.process.send_signal(signal.SIGHUP)
    reloading = supervisor.until("RELOADING")
    assert list(reloading) == ["RELOADING", "MONOTONIC_USEC"]
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    supervisor.until("READY")
    service.until_logged(logged)
    assert service.ask("GET", "/healthz") == (200, {"ok": True})


async def test_wrong_settings_leave_the_old_ones_in_force(tmp_path):
    async with whole_service(tmp_path) as service:
        service.config.path.write_text('{"cloud": {"bridge": {"maxFailures": 7}}}')
        await reload_settings(service.manager, service.config, LogRedactor())
        assert service.manager.settings.max_failures == 7
        for wrong in ('{"cloud": {"bridge": {"maxFailures": 0}}}', "{", '{"cloud": []}'):
            service.config.path.write_text(wrong)
            await reload_settings(service.manager, service.config, LogRedactor())
            assert service.manager.settings.max_failures == 7, wrong
        service.config.path.write_text("{}")
        await reload_settings(service.manager, service.config, LogRedactor())
        assert service.manager.settings.max_failures == 3


def test_without_a_supervisor_nothing_is_different(start):
    service = start()
    service.process.send_signal(signal.SIGHUP)
    service.until_logged("settings.read")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0


async def test_the_status_says_that_the_links_loop_fell(tmp_path):
    said = []
    crash = Crash()
    async with whole_service(tmp_path, observers=[StatusLine(said.append), crash]) as service:
        crash.now(service.manager)
        await until(lambda: not service.manager.running)
    assert said[-1] == f"{RUNTIME_NOT_STARTED.title} {RUNTIME_NOT_STARTED.remedy}"
