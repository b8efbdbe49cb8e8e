"""What a service of version 0.1.0a left behind is still read: its journal is taken again, its login found."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eliza_cloud.core.journal.entries import Checkpoint, LinkEntry, LoginEntry, decode
from eliza_cloud.core.link import events
from eliza_cloud.core.link.table import Proceed
from eliza_cloud.core.login import machine as login
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.sqlite.database import Database, SqliteStore
from eliza_cloud.store.sqlite.journal import MAX_ENTRIES, SqliteJournal
from tests.harness.journals import replay_database

WRITTEN_BY_0_1_0A = Path(__file__).parent / "data" / "journal-0.1.0a.db"
#: Bases, the eventless transition, and the events that change no fact.
NEVER_STORED = {
    events.ActivityFact,
    events.KeyFact,
    events.KeySuspected,
    events.PriceRefused,
    events.AgentSuspended,
    events.AgentRestarting,
    events.CloudAnswered,
    events.JobObserved,
    events.MinimumBalanceSeen,
    events.TakeBackup,
    events.Restore,
    Proceed,
}
AGENT = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def left_behind(tmp_path):
    return Path(shutil.copy(WRITTEN_BY_0_1_0A, tmp_path / "agent.sqlite3"))


async def test_every_event_of_an_older_journal_is_read(left_behind):
    database = Database(left_behind)
    entries = [decode(line.text) for line in await SqliteJournal(database).read(limit=MAX_ENTRIES)]
    await database.close()
    read = {type(entry.event) for entry in entries if isinstance(entry, LinkEntry | LoginEntry)}
    bases = (events.Event, events.ActivityFact, events.KeyFact, login.LoginEvent)
    known = {kind for base in bases for kind in base.__subclasses__()}
    assert known - read == NEVER_STORED
    marks = {entry.what for entry in entries if isinstance(entry, Checkpoint)}
    assert marks == {
        "start",
        "periodic",
        "crash",
        "stop",
    }


def test_an_older_journal_leads_to_the_same_facts(left_behind):
    replayed = replay_database(left_behind)
    assert (replayed.steps, replayed.starts, replayed.gaps) == (93, 2, 0)
    assert replayed.state == "disconnected"


async def test_the_agent_to_be_linked_to_and_the_login_are_found(left_behind):
    store = SqliteStore(Database(left_behind))
    record = await store.load()
    await store.close()
    assert record.desired_agent_id == AGENT
    assert record.key == Secret("eliza_not-a-real-key")


def test_what_was_known_is_read_from_the_stored_words(left_behind):
    with closing(sqlite3.connect(left_behind)) as connection:
        rows = connection.execute("SELECT entry FROM journal ORDER BY seq").fetchall()
    last = decode(rows[-1][0])
    assert isinstance(last, Checkpoint)
    assert last.facts.desired_agent_id == AGENT
