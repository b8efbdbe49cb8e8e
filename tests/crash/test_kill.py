"""The service is killed with SIGKILL at any moment, and nothing that was said is taken back.

What must hold after each kill, and after the start that follows it (`story.py`):

* `eliza.json` parses, everything in it that is not the login's is what it was, and the key in it is the one
  from before, or the one this sign-in brought, or none; never a part of one. What another program was told
  to be written in it is there.
* Once any reader was told `authenticated`, the new key is the one that counts.
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

from tests.crash.moments import Armed, AtCall, Moment, moments
from tests.crash.processes import GONE, Service, until
from tests.crash.story import SignalAction, Story

KILLS = 20  # in one test, and every third time one more in the start that follows; there are 14
Act = Callable[[Story, Service, SignalAction], None]


def sign_in(story: Story, service: Service, told: SignalAction) -> None:
    session = service.post("/api/cloud/login")["sessionId"]
    told.prefix = story.machine.cloud.approve(session)
    readers = [threading.Thread(target=read_login, args=(service, session, told)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()


def read_login(service: Service, session: str, told: SignalAction) -> None:
    with suppress(*GONE):
        while not told.authenticated:
            if service.login_status(session)["status"] == "authenticated":
                told.authenticated = True


def connect(story: Story, service: Service, told: SignalAction) -> None:
    told.asked_for = story.jitter.choice([agent for agent in story.agents if agent != story.desired_agent_id])
    prefer = story.jitter.choice([{}, {"Prefer": "respond-async"}])
    service.post(f"/api/cloud/agents/{told.asked_for}/connect", **prefer)
    told.linked = True


def back_up(story: Story, service: Service, told: SignalAction) -> None:
    for _ in range(3):
        service.post(f"/api/cloud/agents/{story.desired_agent_id}/backups")


def sign_out(story: Story, service: Service, told: SignalAction) -> None:
    told.leaving = True
    service.post("/api/cloud/disconnect")
    told.signed_out = True


def signed_out(story: Story, service: Service) -> None:
    story.sign_out(service)


def linked(story: Story, service: Service) -> None:
    story.link(service)


def linked_or_not(story: Story, service: Service) -> None:
    if story.jitter.random() < 0.5:
        story.sign_out(service)
        story.sign_in(service)
    else:
        story.link(service)


def beside_another_program(act: Act) -> Act:
    """Let another program write eliza.json meanwhile, and be killed itself every other time."""

    def both(story: Story, service: Service, told: SignalAction) -> None:
        assert story.writer is not None
        if story.jitter.random() < 0.5:
            time.sleep(0.02 * story.jitter.random())
            story.writer.signal()
        act(story, service, told)

    return both


PHASES: dict[str, tuple[Callable[[Story, Service], None], Act]] = {
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
    story = Story(machine, random.Random(f"{phase} {seed}"))
    on_crash: Counter[str] = Counter()
    service = story.begin()

    def kill_once(parse_iso: Moment) -> tuple[Armed, str]:
        nonlocal service
        prepare(story, service)
        if phase.startswith("config"):
            story.write_beside()
        told, armed, running = SignalAction(), Armed(parse_iso, machine.notes, machine.state), service
        place = armed.kill_during(running, lambda: during(story, running, told, act))
        begun = story.killed(told)
        service = settle(story, told, begun, on_crash)
        return armed, place

    began = time.monotonic()
    whole, _ = kill_once(AtCall(0))  # after the act: how many points are there, how long does it take?
    for parse_iso in moments(story.jitter, whole.points, whole.took, KILLS):
        on_crash[kill_once(parse_iso)[1]] += 1
    outcomes = ", ".join(f"{count} {what}" for what, count in sorted(story.outcomes.items()))
    figure(
        f"{on_crash.total()} kills during {phase} (seed {seed}): {places(on_crash)}; came to: {outcomes};"
        f" {time.monotonic() - began:.0f} s"
    )
    assert on_crash.total() >= KILLS
    assert len(on_crash) > 3


def during(story: Story, service: Service, told: SignalAction, act: Act) -> None:
    with suppress(*GONE):
        act(story, service, told)


def settle(story: Story, told: SignalAction, begun: bool, on_crash: Counter[str]) -> Service:
    """Start again, every third time after another kill in the middle of starting."""
    if story.jitter.random() < 1 / 3:
        armed = Armed(AtCall(story.jitter.randint(1, 60)), story.machine.notes, story.machine.state)
        armed.arm()
        service = story.serve()
        until(lambda: service.ended or service.is_ready)
        service.kill()
        armed.plan.unlink()
        on_crash[f"{armed.place or 'done'}, starting"] += 1
        begun = story.killed(told) or begun
    service = story.start()
    story.at_rest(service, told, begun=begun)
    if told.leaving and story.key is None:  # and so it stays
        service.kill()
        service = story.start()
        story.assert_signed_out(service)
    return service


def places(on_crash: Counter[str]) -> str:
    """Say in a few words where the kills fell."""
    kinds: Counter[str] = Counter()
    for place, count in on_crash.items():
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
    plan, seen, on_crash = (machine.notes / name for name in ("plan", "seen", "fell"))
    settings = machine.config.read_text()
    own_token = {"ELIZA_API_TOKEN": ""}
    plan.write_text(json.dumps({"at": 0, "seen": str(seen)}))
    machine.start(kill_points=str(plan), environ=own_token).kill()
    points = len(seen.read_text().splitlines())
    for number in range(1, points + 1):
        shutil.rmtree(machine.state)
        machine.state.mkdir(mode=0o700)
        machine.config.write_text(settings)
        plan.write_text(json.dumps({"at": number, "fell": str(on_crash)}))
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
