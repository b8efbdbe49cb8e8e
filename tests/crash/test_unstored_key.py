"""A new key that could not be kept: the next start finishes the sign-in, or what was before counts."""

import json

import pytest

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.credentials import Credentials, Held
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore
from tests.crash.machine import SETTINGS, Machine, emulator
from tests.harness.calls import EmulatorCalls
from tests.harness.waiting import wait_until

CLOUD = "https://www.elizacloud.ai"
OLD, NEW, NEWER = (Secret(f"eliza_{digit * 64}") for digit in "123")
NO_JSON = "{ this is no JSON"


class Fragile(SqliteStore):
    """A record that cannot be saved while `broken` holds for it."""

    def broken(self, _record: AgentRecord) -> bool:
        return False

    async def save(self, record: AgentRecord) -> None:
        if self.broken(record):
            raise StoreError("There is no room on the disk; make some and try again.")
        await super().save(record)


class Place:
    """The files of a machine that is signed in with OLD and linked to an agent."""

    def __init__(self, directory):
        self.config = ConfigFile(directory / "eliza.json")
        self.store = Fragile(Database(directory / "agent.sqlite3"))
        self.environ: dict[str, str] = {}
        self.credentials = self.opened()

    def opened(self) -> Credentials:
        return Credentials(self.config, self.store, self.environ, CLOUD)

    async def restarted(self) -> Held:
        self.environ.clear()
        self.credentials = self.opened()
        return await self.credentials.load()

    async def fail(self, key: Secret) -> None:
        """Let a login fail because eliza.json cannot be read."""
        whole = self.config.path.read_text()
        self.config.path.write_text(NO_JSON)
        with pytest.raises(StoreError):
            await self.credentials.save_login(key, "eliza_new", None)
        self.config.path.write_text(whole)


@pytest.fixture
async def place(tmp_path):
    one = Place(tmp_path)
    await one.credentials.save_login(OLD, "eliza_old", "2030-01-01T00:00:00Z")
    await one.credentials.save_identity(OLD, "user-1", "org-1")
    await one.credentials.save_desired_agent("agent-1")
    yield one
    await one.store.close()


async def test_a_key_that_is_not_given_up_is_taken_up_by_the_next_start(place):
    await place.fail(NEW)
    assert await place.credentials.login_begun(NEW)
    held = await place.restarted()
    assert (held.key, held.source, held.desired_agent_id) == (NEW, "file", "agent-1")


@pytest.mark.parametrize("lost", [False, True])
async def test_a_key_that_is_given_up_leaves_what_was_held_before(place, lost):
    """Also where the old key is held by the record alone, because eliza.json was lost."""
    if lost:
        place.config.path.write_text("{}")
    await place.fail(NEW)
    await place.credentials.give_up_login(NEW)
    assert not await place.credentials.login_begun(NEW)
    held = await place.restarted()
    assert (held.key, held.key_prefix, held.key_expires_at) == (OLD, "eliza_old", "2030-01-01T00:00:00Z")
    assert (held.user_id, held.organization_id, held.desired_agent_id) == ("user-1", "org-1", "agent-1")
    assert held.source == ("record" if lost else "file")


async def test_a_wish_that_came_meanwhile_stays(place):
    await place.fail(NEW)
    await place.credentials.save_desired_agent("agent-2")
    await place.credentials.give_up_login(NEW)
    held = await place.restarted()
    assert (held.key, held.desired_agent_id) == (OLD, "agent-2")


async def test_of_two_keys_that_are_given_up_in_either_order_none_comes_back(place):
    for first, second in ((NEW, NEWER), (NEWER, NEW)):
        await place.fail(NEW)
        await place.fail(NEWER)
        await place.credentials.give_up_login(first)
        await place.credentials.give_up_login(second)
        assert (await place.restarted()).key == OLD


async def test_giving_up_an_older_key_leaves_the_newer_one_that_was_kept(place):
    await place.fail(NEW)
    await place.credentials.save_login(NEWER, "eliza_newer", None)
    await place.credentials.give_up_login(NEW)
    assert (await place.restarted()).key == NEWER


async def test_a_key_that_could_not_be_given_up_can_be_once_that_is_mended(place):
    await place.fail(NEW)
    place.store.broken = lambda record: True
    with pytest.raises(StoreError):
        await place.credentials.give_up_login(NEW)
    place.store.broken = lambda record: False
    await place.credentials.give_up_login(NEW)
    assert (await place.restarted()).key == OLD


async def test_a_key_that_came_nowhere_is_not_begun(place):
    place.store.broken = lambda record: True
    with pytest.raises(StoreError):
        await place.credentials.save_login(NEW, "eliza_new", None)
    place.store.broken = lambda record: False
    assert not await place.credentials.login_begun(NEW)
    assert (await place.restarted()).key == OLD


async def test_a_key_that_is_in_both_places_is_kept_although_the_mark_could_not_be_cleared(place):
    place.store.broken = lambda record: record.key == NEW and not record.signing_in
    await place.credentials.save_login(NEW, "eliza_new", None)
    assert place.config.read()["cloud"]["apiKey"] == NEW.reveal()
    assert (await place.store.load()).signing_in
    place.store.broken = lambda record: False
    await place.credentials.save_identity(NEW, "user-2", None)
    assert not (await place.store.load()).signing_in
    held = await place.restarted()
    assert (held.key, held.user_id) == (NEW, "user-2")


async def test_after_a_sign_out_giving_up_brings_nothing_back(place):
    await place.fail(NEW)
    await place.credentials.sign_out()
    await place.credentials.give_up_login(NEW)
    assert await place.store.load() == AgentRecord()
    assert (await place.restarted()).key is None


@pytest.fixture(scope="module", params=["2026-04", "next"])
def either_cloud(request):
    with emulator(request.param) as cloud:
        yield cloud


@pytest.fixture
def machine(fork_server, either_cloud: EmulatorCalls, tmp_path):
    one = Machine(fork_server, either_cloud, tmp_path)
    one.config.write_text(json.dumps({"cloud": SETTINGS}))
    yield one
    one.close()


@pytest.mark.parametrize("how", ["kill", "cancel"])
def test_a_service_with_an_unstored_key_is_killed_or_the_sign_in_is_cancelled(machine, how):
    service = machine.start()
    service.login(machine.cloud)
    service.until_linked(None)
    whole = machine.config.read_text()
    old = machine.document()["cloud"]["apiKey"]
    session = service.post("/api/cloud/login")["sessionId"]
    machine.config.write_text(NO_JSON)
    prefix = machine.cloud.approve(session)
    wait_until(lambda: service.login_status(session).get("error"))
    if how == "cancel":
        service.post("/api/cloud/login/cancel", {"sessionId": session})
        wait_until(lambda: machine.files_with(prefix) == [], machine.record)
    service.kill()
    machine.config.write_text(whole)
    machine.start().until_linked(None)
    key = machine.document()["cloud"]["apiKey"]
    assert key == old if how == "cancel" else key.startswith(prefix)
