"""A consumer that hangs, as at a dead disk: a file it needs is a pipe that nobody writes to."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.daemon.conftest import Unit


@contextmanager
def hanging(service: Unit) -> Iterator[None]:
    """Sign out from a settings file whose reading never ends, until the block does."""
    path = service.state / "eliza.json"
    os.mkfifo(path)
    caller = threading.Thread(target=service.ask, args=("POST", "/api/cloud/disconnect"))
    caller.start()
    try:
        yield
    finally:
        pipe = os.open(path, os.O_RDWR)
        (service.state / "mended").write_text("{}")
        (service.state / "mended").replace(path)
        os.close(pipe)
        caller.join()


def test_a_hanging_consumer_gets_no_beat_and_fails_the_probe_until_it_goes_on(start, supervisor):
    service = start(NOTIFY_SOCKET=supervisor.address, WATCHDOG_USEC="1000000")
    supervisor.until("WATCHDOG")
    with hanging(service):
        assert service.until_logged("watchdog.unresponsive")["level"] == "warning"
        supervisor.rest()
        assert service.ask("GET", "/healthz", token=None) == (503, {"ok": False})  # five watchdog times later
        assert supervisor.rest() == []
        assert service.ask("GET", "/api/cloud/status")[0] == 200
        ran = service.run("health", "--probe")
        assert (ran.returncode, ran.stdout) == (7, "")
        assert "is unresponsive" in ran.stderr
    assert supervisor.until("WATCHDOG") == {"WATCHDOG": "1"}
    assert service.until_logged("watchdog.resumed")["duration_s"] > 5
    assert service.ask("GET", "/healthz", token=None) == (200, {"ok": True})
    assert service.run("health", "--probe").stdout == "alive\n"
