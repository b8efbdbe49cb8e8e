"""The agent's database record."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eliza_cloud.core.journal.entries import Checkpoint
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import LoginFacts
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.file import StoreError
from eliza_cloud.store.inspect import known_secrets, read_only_record
from eliza_cloud.store.sqlite.database import SCHEMA_VERSION, UPGRADES, AgentRecord, Database, SqliteStore
from eliza_cloud.store.sqlite.journal import Line, SqliteJournal

KEY = "eliza_" + "0123456789abcdef" * 4
FULL = AgentRecord(
    key=Secret(KEY),
    key_prefix="eliza_0123",
    key_expires_at="2027-01-01T00:00:00Z",
    base_url="https://www.elizacloud.ai",
    user_id="user-1",
    organization_id="org-1",
    desired_agent_id="agent-1",
    desired_agent_base_url="https://www.elizacloud.ai",
    signing_in=True,
    signing_out=True,
)


@pytest.fixture
async def other_link(paths) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(Database(paths.database), "second")
    yield opened
    await opened.close()


async def reopened(paths):
    store = SqliteStore(Database(paths.database))
    try:
        return await store.load()
    finally:
        await store.close()


async def test_an_empty_record_is_loaded_where_nothing_was_saved(store):
    assert await store.load() == AgentRecord()


@pytest.mark.parametrize(
    "record", [FULL, AgentRecord(), AgentRecord(desired_agent_id="agent-2", signing_out=True)]
)
async def test_what_was_saved_is_loaded_by_another_process(store, paths, record):
    await store.save(record)
    assert await reopened(paths) == record


async def test_each_link_has_its_own_row(store, other_link):
    await store.save(FULL)
    await other_link.save(AgentRecord(desired_agent_id="other"))
    assert await store.load() == FULL
    assert await other_link.load() == AgentRecord(desired_agent_id="other")


async def test_the_files_are_private_even_when_the_database_was_not(store, paths):
    paths.directory.mkdir()
    paths.database.touch(0o644)
    await store.save(FULL)
    modes = {path.name: path.stat().st_mode & 0o777 for path in paths.directory.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "agent.sqlite3-wal" in modes


async def test_a_record_never_shows_its_key():
    assert KEY not in repr(FULL)


async def test_the_settings_of_the_database_are_the_durable_ones(store, database):
    await store.load()

    def pragmas(connection):
        names = ("journal_mode", "synchronous", "secure_delete", "user_version")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.run(pragmas) == ["wal", 2, 1, SCHEMA_VERSION]


@given(
    records=st.lists(
        st.builds(
            AgentRecord,
            key=st.none() | st.integers(0, 3).map(lambda number: Secret(f"eliza_{number:064}")),
            desired_agent_id=st.none() | st.text("w", max_size=3000),
            user_id=st.none() | st.text("u", max_size=1000),
        ),
        max_size=6,
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_byte_of_a_key_that_went_is_in_any_file(tmp_path_factory, records):
    directory = tmp_path_factory.mktemp("state")
    store = SqliteStore(Database(directory / "agent.sqlite3"))
    try:
        for record in records:
            await store.save(record)
            held = record.key.reveal() if record.key else None
            raw = b"".join(path.read_bytes() for path in directory.iterdir())
            seen = {number for number in range(4) if f"{number:064}".encode() in raw}
            assert seen == ({int(held[6:])} if held else set())
    finally:
        await store.close()


async def test_a_key_left_in_the_log_by_a_kill_is_wiped_when_the_database_is_opened(
    store, database, paths, files_with
):
    await store.save(FULL)
    await database.run(lambda connection: connection.execute("UPDATE agent SET key = NULL"))
    assert files_with(KEY) == ["agent.sqlite3"]
    await reopened(paths)
    assert files_with(KEY) == []


async def test_a_reader_that_prevents_the_wipe_is_an_error_until_it_is_gone(
    store, paths, files_with, monkeypatch
):
    monkeypatch.setattr("eliza_cloud.store.sqlite.database.BUSY_TIMEOUT", 0)
    await store.save(FULL)
    reader = sqlite3.connect(paths.database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM agent").fetchall()
    for _ in range(2):
        with pytest.raises(StoreError, match="another program is reading the database; close that program"):
            await store.save(AgentRecord())
    assert await store.load() == AgentRecord()
    reader.close()
    await store.save(AgentRecord())
    assert files_with(KEY) == []


async def test_a_locked_database_is_said_and_the_record_stands(store, paths, monkeypatch):
    monkeypatch.setattr("eliza_cloud.store.sqlite.database.BUSY_TIMEOUT", 0)
    await store.save(FULL)
    writer = sqlite3.connect(paths.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(
        StoreError, match="another program keeps it locked; close that program and try again"
    ) as said:
        await store.save(AgentRecord())
    assert str(paths.database) in str(said.value)
    writer.close()
    assert await store.load() == FULL


async def test_a_newer_database_is_refused_and_left_as_it_is(store, paths):
    paths.directory.mkdir()
    newer = sqlite3.connect(paths.database)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    before = paths.database.read_bytes()
    versions = rf"\(schema {SCHEMA_VERSION + 1}, known {SCHEMA_VERSION}\)"
    with pytest.raises(StoreError, match=f"written by a newer version {versions}; install that version"):
        await store.load()
    assert paths.database.read_bytes() == before


@pytest.mark.parametrize("damage", ["not a database", "header kept"])
async def test_a_damaged_database_is_said_and_never_deleted(store, paths, damage):
    await store.save(FULL)
    await store.close()
    raw = paths.database.read_bytes()
    broken = b"text" * 2000 if damage == "not a database" else raw[:100] + b"\xff" * (len(raw) - 100)
    paths.database.write_bytes(broken)
    again = SqliteStore(Database(paths.database))
    with pytest.raises(StoreError, match="restart the service, and a new one is made in its place"):
        await again.load()
    await again.close()
    assert paths.database.read_bytes() == broken


async def test_a_database_that_was_mended_meanwhile_is_used_without_a_restart(store, paths):
    paths.directory.mkdir()
    paths.database.write_text("not a database, nor anything like one")
    with pytest.raises(StoreError):
        await store.load()
    paths.database.unlink()
    await store.save(FULL)
    assert await store.load() == FULL


async def test_a_database_that_was_deleted_while_in_use_is_made_anew(store, paths):
    await store.save(AgentRecord(desired_agent_id="before"))
    shutil.rmtree(paths.directory)
    await store.save(FULL)
    assert await reopened(paths) == FULL


async def test_a_directory_that_may_not_be_written_is_said(read_only):
    store = SqliteStore(Database(read_only / "agent.sqlite3"))
    with pytest.raises(StoreError, match=r"Cannot open .*agent.sqlite3: permission denied"):
        await store.load()
    await store.close()


async def test_a_database_of_version_1_is_upgraded_and_keeps_its_login(paths):
    paths.directory.mkdir()
    older = sqlite3.connect(paths.database)
    older.execute(UPGRADES[0][0])
    older.execute("PRAGMA user_version = 1")
    older.execute(
        "INSERT INTO agent (link, key, wish, signing_in, signing_out)"
        " VALUES ('default', 'eliza_old', 'a', 0, 0)"
    )
    older.commit()
    older.close()
    database = Database(paths.database)
    record = await SqliteStore(database).load()
    journal = SqliteJournal(database)
    mark = Checkpoint(seq=1, at=2.0, what="start", version="0", facts=Facts(), login=LoginFacts())
    line = Line(1, 2.0, msgspec.json.encode(mark).decode())
    await journal.append([line])
    assert (record.key, record.desired_agent_id) == (Secret("eliza_old"), "a")
    assert await journal.read() == [line]
    await database.close()
    with closing(sqlite3.connect(paths.database)) as upgraded:
        assert upgraded.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_database_of_any_version_is_read_as_it_is_by_who_only_looks(paths, version):
    """The doctor runs before the service has upgraded it, and has to know the key that it must hide."""
    paths.directory.mkdir()
    with closing(sqlite3.connect(paths.database)) as older, older:
        for upgrade in UPGRADES[:version]:
            for statement in upgrade:
                older.execute(statement)
        older.execute(f"PRAGMA user_version = {version}")
        older.execute(
            "INSERT INTO agent (link, key, signing_in, signing_out) VALUES ('default', 'eliza_old', 0, 0)"
        )
    assert read_only_record(paths.database).key == Secret("eliza_old")
    assert known_secrets(paths, {}) == [Secret("eliza_old")]


def open_files() -> set[str]:
    """The files that this process has open."""
    return {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}


async def test_what_is_asked_for_while_it_closes_does_not_open_the_file_again(paths):
    database = Database(paths.database)
    store = SqliteStore(database)
    before = asyncio.ensure_future(store.save(FULL))
    await asyncio.sleep(0)
    closing_it = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    after = asyncio.ensure_future(store.save(AgentRecord()))
    assert await asyncio.gather(before, closing_it) == [None, None]
    with pytest.raises(StoreError, match="is closed already"):
        await after
    assert str(paths.database) not in open_files()
    assert await reopened(paths) == FULL
