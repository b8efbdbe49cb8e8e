"""The service is killed with SIGKILL at any time, and nothing that was said is taken back.

What must hold after each kill, and after the start that follows it (`kill_run.py`):

* `eliza.json` parses, everything in it that is not the login's is what it was, and the key in it is the one
  from before, or the one this sign-in brought, or none; never a part of one. What another program was told
  to be written in it is there.
* Once any reader was told `authenticated`, the new key is the one that counts.
* A sign-in that waits for the browser goes on: once a person has signed in, the service learns of it. Its key
  is lost only where the kill fell between the poll that read it, which no second one can, and the disk.
* Once a connect was answered (200, or 202 where asked for), the link comes back to that agent.
* A disconnect is *begun* when the record on the disk is marked as signing out, or the request was answered. A
  disconnect that was begun is finished by the next start: signed out, no wish, no byte of the key in any
  file, and so it stays. One that was not begun has changed nothing.
"""

import json
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.crash.kill_run import Attempt, KillRun
from tests.crash.kill_times import Armed, AtCall, KillTime, kill_times
from tests.crash.processes import ForkedService
from tests.harness.calls import GONE
from tests.harness.waiting import wait_until

KILLS = 20  # in one test, and every third time one more in the start that follows; there are 14
Act = Callable[[KillRun, ForkedService, Attempt], None]


def sign_in(run: KillRun, service: ForkedService, attempt: Attempt) -> None:
    session = service.post("/api/cloud/login")["sessionId"]
    attempt.prefix = run.machine.cloud.approve(session)
    readers = [threading.Thread(target=read_login, args=(service, session, attempt)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()


def read_login(service: ForkedService, session: str, attempt: Attempt) -> None:
    with suppress(*GONE):
        while not attempt.authenticated:
            if service.login_status(session)["status"] == "authenticated":
                attempt.authenticated = True


def connect(run: KillRun, service: ForkedService, attempt: Attempt) -> None:
    attempt.asked_for = run.rng.choice([agent for agent in run.agents if agent != run.desired_agent_id])
    prefer = run.rng.choice([{}, {"Prefer": "respond-async"}])
    service.post(f"/api/cloud/agents/{attempt.asked_for}/connect", **prefer)
    attempt.linked = True


def back_up(run: KillRun, service: ForkedService, attempt: Attempt) -> None:
    for _ in range(3):
        service.post(f"/api/cloud/agents/{run.desired_agent_id}/backups")


def sign_out(run: KillRun, service: ForkedService, attempt: Attempt) -> None:
    attempt.leaving = True
    service.post("/api/cloud/disconnect")
    attempt.signed_out = True


def signed_out(run: KillRun, service: ForkedService) -> None:
    run.sign_out(service)


def linked(run: KillRun, service: ForkedService) -> None:
    run.link(service)


def linked_or_not(run: KillRun, service: ForkedService) -> None:
    if run.rng.random() < 0.5:
        run.sign_out(service)
        run.sign_in(service)
    else:
        run.link(service)


def beside_another_program(act: Act) -> Act:
    """Let another program write eliza.json meanwhile, and be killed itself every other time."""

    def both(run: KillRun, service: ForkedService, attempt: Attempt) -> None:
        assert run.writer is not None
        if run.rng.random() < 0.5:
            time.sleep(0.02 * run.rng.random())
            run.writer.signal()
        act(run, service, attempt)

    return both


PHASES: dict[str, tuple[Callable[[KillRun, ForkedService], None], Act]] = {
    "login": (signed_out, sign_in),
    "key change": (linked, sign_in),
    "connect": (linked_or_not, connect),
    "backup": (linked, back_up),
    "disconnect": (linked, sign_out),
    "config writes, signing in": (signed_out, beside_another_program(sign_in)),
    "config writes, signing out": (linked, beside_another_program(sign_out)),
}


SEEDS = [1, 2, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 21))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_kill_loses_nothing_and_takes_nothing_back(machine, phase, seed, figure):
    """`pytest -m long tests/crash` does the same with eighteen more seeds, some 3500 kills."""
    prepare, act = PHASES[phase]
    run = KillRun(machine, random.Random(f"{phase} {seed}"))
    kills: Counter[str] = Counter()
    service = run.begin()

    def kill_once(time_of_kill: KillTime) -> tuple[Armed, str]:
        nonlocal service
        prepare(run, service)
        if phase.startswith("config"):
            run.write_beside()
        attempt, armed, running = Attempt(), Armed(time_of_kill, machine.notes, machine.state), service
        place = armed.kill_during(running, lambda: during(run, running, attempt, act))
        begun = run.killed(attempt)
        service = settle(run, attempt, begun, kills)
        return armed, place

    began = time.monotonic()
    whole, _ = kill_once(AtCall(0))  # after the act: how many points are there, how long does it take?
    for time_of_kill in kill_times(run.rng, whole.points, whole.took, KILLS):
        kills[kill_once(time_of_kill)[1]] += 1
    outcomes = ", ".join(f"{count} {what}" for what, count in sorted(run.outcomes.items()))
    figure(
        f"{kills.total()} kills during {phase} (seed {seed}): {places(kills)}; came to: {outcomes};"
        f" {time.monotonic() - began:.0f} s"
    )
    assert kills.total() >= KILLS
    assert len(kills) > 3


def during(run: KillRun, service: ForkedService, attempt: Attempt, act: Act) -> None:
    with suppress(*GONE):
        act(run, service, attempt)


def settle(run: KillRun, attempt: Attempt, begun: bool, kills: Counter[str]) -> ForkedService:
    """Start again, every third time after another kill in the middle of starting."""
    if run.rng.random() < 1 / 3:
        armed = Armed(AtCall(run.rng.randint(1, 60)), run.machine.notes, run.machine.state)
        armed.arm()
        service = run.serve()
        wait_until(lambda: service.ended or service.is_ready)
        service.kill()
        armed.plan.unlink()
        kills[f"{armed.place or 'done'}, starting"] += 1
        begun = run.killed(attempt) or begun
    service = run.start()
    run.at_rest(service, attempt, begun=begun)
    if attempt.leaving and run.key is None:  # and so it stays
        service.kill()
        service = run.start()
        run.assert_signed_out(service)
    return service


def places(kills: Counter[str]) -> str:
    """Say in a few words where the kills fell."""
    kinds: Counter[str] = Counter()
    for place, count in kills.items():
        word = place.partition(" ")[2]
        if place.endswith("starting"):
            kinds["in the start that followed"] += count
        elif place.startswith("at a change"):
            kinds["at the change of a file"] += count
        elif word == "send":
            kinds["at a message sent"] += count
        elif word in {"fsync", "replace", "unlink"}:
            kinds["at a change of the file system"] += count
        elif word.partition(" ")[0] in {"BEGIN", "COMMIT", "INSERT", "PRAGMA", "SELECT"}:
            kinds["at a database statement"] += count
        else:
            kinds[place] += count
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def test_a_kill_in_the_middle_of_the_first_start_leaves_nothing_half_done(machine, figure):
    """With a token to make; each time on an empty directory."""
    plan, seen, fell = (machine.notes / name for name in ("plan", "seen", "fell"))
    settings = machine.config.read_text()
    own_token = {"ELIZA_API_TOKEN": ""}
    plan.write_text(json.dumps({"at": 0, "seen": str(seen)}))
    machine.start(kill_points=str(plan), environ=own_token).kill()
    points = len(seen.read_text().splitlines())
    for number in range(1, points + 1):
        shutil.rmtree(machine.state)
        machine.state.mkdir(mode=0o700)
        machine.config.write_text(settings)
        plan.write_text(json.dumps({"at": number, "fell": str(fell)}))
        assert machine.serve(kill_points=str(plan), environ=own_token).wait() == -signal.SIGKILL
        service = machine.start(environ=own_token)
        token = (machine.state / "api-token").read_text()
        assert len(token) == 65
        assert service.status()["reason"] == "not_authenticated"
        assert sorted(path.name for path in machine.state.iterdir() if path.name.endswith(".tmp")) == []
        service.kill()
        machine.start(environ=own_token).kill()
        assert (machine.state / "api-token").read_text() == token
        assert machine.config.read_text() == settings
    figure(f"{points} kills during the first start, one at each point")
