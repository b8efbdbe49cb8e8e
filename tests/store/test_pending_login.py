"""What the record holds of a sign-in that waits for the browser, and of whose key it is."""

import sqlite3
from contextlib import closing

import pytest

from eliza_cloud.cloud.http.address import same_cloud
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.credentials import PendingLogin
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.inspect import known_secrets
from eliza_cloud.store.sqlite.database import UPGRADES, AgentRecord

KEY = Secret("eliza_" + "0123456789abcdef" * 4)
SESSION = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
PENDING = PendingLogin(Secret(SESSION), Secret(f"https://x.example/?session={SESSION}"), True, 1000.5)


async def test_it_is_found_by_the_next_process(credentials):
    await credentials().save_pending_login(PENDING)
    assert await credentials().pending_login() == PENDING


async def test_it_belongs_to_its_cloud(credentials):
    await credentials(base_url="https://www.elizacloud.ai").save_pending_login(PENDING)
    for base_url, found in (("https://api.eliza.app", PENDING), ("https://api-staging.eliza.app", None)):
        there = credentials(base_url=base_url, same_cloud=same_cloud)
        assert await there.pending_login() == found


@pytest.mark.parametrize("over", ["ended", "signed in", "signed out"])
async def test_nothing_of_it_stays_in_any_file_once_it_is_over(credentials, store, files_with, over):
    held = credentials()
    await held.save_pending_login(PENDING)
    assert files_with(SESSION)
    if over == "ended":
        await held.save_pending_login(None)
    elif over == "signed in":
        await held.save_login(KEY, None, None)
    else:
        await held.sign_out()
        assert await store.load() == AgentRecord()
    assert await held.pending_login() is None
    assert files_with(SESSION) == []


async def test_a_key_that_is_given_up_does_not_bring_it_back(credentials, put):
    held = credentials()
    await held.save_desired_agent("agent-1")
    await held.save_pending_login(PENDING)
    put("{ this is no JSON")
    with pytest.raises(StoreError):
        await held.save_login(KEY, None, None)
    await held.save_pending_login(None)
    await held.save_backup_time("agent-1", 5.0)
    await held.give_up_login(KEY)
    put("{}")
    assert await held.pending_login() is None
    found = await held.load()
    assert (found.key, found.key_obtained, found.last_backup_at) == (None, False, 5.0)


async def test_whoever_looks_at_the_files_knows_it_as_a_secret_and_no_representation_shows_it(
    credentials, store, paths
):
    await credentials().save_pending_login(PENDING)
    assert known_secrets(paths, {}) == [PENDING.session_id, PENDING.browser_url]
    assert SESSION not in f"{PENDING!r} {await store.load()!r}"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("key", ["eliza_old", None])
async def test_the_key_of_an_older_database_is_one_of_our_own_sign_ins(store, paths, version, key):
    paths.directory.mkdir()
    with closing(sqlite3.connect(paths.database)) as older, older:
        for upgrade in UPGRADES[:version]:
            for statement in upgrade:
                older.execute(statement)
        older.execute(f"PRAGMA user_version = {version}")
        older.execute(
            "INSERT INTO agent (link, key, signing_in, signing_out) VALUES ('default', ?, 0, 0)", (key,)
        )
    assert await store.load() == AgentRecord(key=key and Secret(key), key_obtained=key is not None)


async def test_a_key_is_ours_only_while_it_is_the_one_that_counts(credentials, put):
    await credentials().save_login(KEY, None, None)
    assert (await credentials().load()).key_obtained
    put('{"cloud": {"apiKey": "given"}}')
    assert not (await credentials().load()).key_obtained
