"""A full disk, a read-only directory, a locked database: said clearly, nothing lost, no restart needed."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.crash.machine import Machine
from tests.crash.processes import ForkedService
from tests.crash.store_problems import STORE_PROBLEMS, Locked, StoreProblem, as_root
from tests.harness.processes import run
from tests.harness.waiting import wait_until

IMPATIENT = {"eliza_cloud.store.sqlite.database.BUSY_TIMEOUT": 0.05}  # seconds; 5 otherwise


@pytest.fixture(params=STORE_PROBLEMS, ids=lambda kind: kind.__name__)
def problem(request, machine) -> Iterator[StoreProblem]:
    one = request.param(machine)
    yield one
    machine.close()
    one.close()


def start(machine: Machine) -> ForkedService:
    return machine.start(constants=IMPATIENT)


def is_clear(sentence: str, problem: StoreProblem) -> bool:
    """Tell whether it is one sentence that says what is wrong and what to do."""
    assert sentence.count("\n") == 0
    assert sentence.endswith(".")
    return any(words in sentence for words in problem.words)


def told_once_each(service: ForkedService, cause: str) -> str:
    """Return what the service said when it refused to run: to the log, and to the person, the same."""
    lines = service.output.splitlines()
    [logged] = [json.loads(line) for line in lines if line.startswith("{")]
    [said] = [line for line in lines if not line.startswith("{")]
    assert (logged["event"], logged["cause"], logged["detail"]) == ("service.start_failed", cause, said)
    return said


def assert_no_traceback(machine: Machine) -> None:
    for child in machine.children:
        assert "Traceback" not in child.out.read_text() + child.log.read_text()


def test_at_start_it_ends_with_one_and_a_sentence_and_starts_when_it_is_mended(machine, problem):
    service, agent = machine.linked(constants=IMPATIENT)
    key = machine.key
    service.signal(signal.SIGTERM)
    assert service.wait() == 0
    problem.begin()
    service = machine.serve(constants=IMPATIENT)
    assert service.wait() == 1
    assert is_clear(told_once_each(service, problem.code), problem), service.output
    problem.end()
    start(machine).until_linked(agent)
    assert machine.key == key
    assert_no_traceback(machine)


def test_a_first_start_says_so_too(machine, problem):
    if isinstance(problem, Locked):
        machine.start().kill()
    problem.begin()
    service = machine.serve(constants=IMPATIENT, environ={"ELIZA_API_TOKEN": ""})
    assert service.wait() == 1
    assert is_clear(told_once_each(service, problem.code), problem), service.output
    problem.end()
    machine.start(environ={"ELIZA_API_TOKEN": ""})


def test_at_login_it_says_so_keeps_the_old_key_and_takes_the_new_one_when_it_is_mended(machine, problem):
    service, agent = machine.linked(constants=IMPATIENT)
    old = machine.key
    problem.begin()
    session = service.post("/api/cloud/login")["sessionId"]
    prefix = machine.cloud.approve(session)
    told = wait_until(lambda: service.login_status(session).get("error"))
    assert told.startswith("You are signed in, but the key could not be saved: ")
    assert is_clear(told, problem), told
    assert service.login_status(session)["status"] == "pending"
    assert machine.key == old
    service.until_linked(agent)
    problem.end()
    wait_until(lambda: service.login_status(session)["status"] == "authenticated")
    assert "error" not in service.login_status(session)
    assert machine.key.startswith(prefix)
    service.until_linked(agent)
    service.kill()
    start(machine).until_linked(agent)
    assert machine.files_with(old) == []
    assert_no_traceback(machine)


@pytest.mark.parametrize("respond", [{}, {"Prefer": "respond-async"}], ids=["waiting", "async"])
def test_at_connect_it_says_so_keeps_the_link_and_connects_when_it_is_mended(machine, problem, respond):
    service, agent = machine.linked(constants=IMPATIENT)
    other = service.create_agent()
    problem.begin()
    status, body = service.ask("POST", f"/api/cloud/agents/{other}/connect", **respond)
    assert (status, body["code"]) == (500, problem.code)
    assert is_clear(body["error"], problem), body
    service.until_linked(agent)
    assert machine.cloud.backups(agent) == 0
    problem.end()
    service.post(f"/api/cloud/agents/{other}/connect")
    service.kill()
    start(machine).until_linked(other)
    assert_no_traceback(machine)


@pytest.mark.parametrize("verb", ["suspend", "shutdown"])
def test_an_agent_that_cannot_be_let_go_of_for_good_is_not_stopped(machine, problem, verb):
    """Else the next start would link to it again, and start (and bill) it."""
    service, agent = machine.linked(constants=IMPATIENT)
    problem.begin()
    status, body = service.ask("POST", f"/api/cloud/agents/{agent}/{verb}")
    assert (status, body["code"]) == (500, problem.code)
    assert is_clear(body["error"], problem), body
    service.until_linked(agent)
    problem.end()
    service.post(f"/api/cloud/agents/{agent}/{verb}")
    service.kill()
    start(machine).until_linked(None)


def test_at_disconnect_it_says_so_and_signs_out_when_it_is_mended(machine, problem):
    service, _ = machine.linked(constants=IMPATIENT)
    key = machine.key
    problem.begin()
    status, body = service.ask("POST", "/api/cloud/disconnect")
    assert (status, body["code"]) == (500, problem.code)
    assert is_clear(body["error"], problem), body
    assert service.status()["connection"]["state"] == "disconnected"
    problem.end()
    assert service.post("/api/cloud/disconnect")["status"] == "disconnected"
    assert machine.files_with(key) == []
    service.kill()
    assert not start(machine).status()["hasApiKey"]
    assert_no_traceback(machine)


def test_a_disconnect_that_failed_leaves_everything_or_nothing_after_a_kill(machine, problem):
    service, agent = machine.linked(constants=IMPATIENT)
    key = machine.key
    problem.begin()
    assert service.ask("POST", "/api/cloud/disconnect")[0] == 500
    service.kill()
    problem.end()
    begun = machine.record().signing_out
    service = start(machine)
    if begun:
        assert machine.files_with(key) == []
    else:
        service.until_linked(agent)


def test_a_stop_ends_with_zero_in_time(machine, problem):
    service, agent = machine.linked(constants=IMPATIENT)
    problem.begin()
    service.signal(signal.SIGTERM)
    assert service.wait(15) == 0
    problem.end()
    start(machine).until_linked(agent)


def test_a_read_only_file_system_is_named_at_start(machine):
    machine.start().kill()
    as_root("mount", "--bind", machine.state, machine.state)
    try:
        as_root("mount", "-o", "remount,bind,ro", machine.state)
        service = machine.serve()
        assert service.wait() == 1
        assert told_once_each(service, "store_failed") == (
            f"Cannot lock {machine.state / 'serve.lock'}: the file system is read-only; make it writable or"
            " choose another directory with ELIZA_STATE_DIR."
        )
    finally:
        assert run("umount", "--lazy", machine.state).returncode == 0
    machine.start()
