"""The login across eliza.json, record and environment."""

import asyncio
import json
import threading

import pytest

from eliza_cloud.cloud.http.address import same_cloud
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.file import ConfigError, ConfigFile, StoreError
from eliza_cloud.store.credentials import CloudMove, Credentials, Held
from eliza_cloud.store.memory import MemoryDocument
from eliza_cloud.store.sqlite.database import AgentRecord, Database, SqliteStore

KEY = "eliza_" + "0123456789abcdef" * 4
OTHER = "eliza_" + "fedcba9876543210" * 4
NOTHING = Held(
    key=None,
    source=None,
    key_prefix=None,
    key_expires_at=None,
    user_id=None,
    organization_id=None,
    desired_agent_id=None,
    enabled=False,
)


async def signed_in(credentials):
    await credentials.save_login(Secret(KEY), "eliza_0123", "2027-01-01T00:00:00Z")
    await credentials.save_identity(Secret(KEY), "user-1", "org-1")
    await credentials.save_desired_agent("agent-1")


async def opened(paths, use):
    """Use the credentials of a state directory as one process does, from start to end."""
    store = SqliteStore(Database(paths.database))
    try:
        return await use(Credentials(ConfigFile(paths.config), store, {}, "https://www.elizacloud.ai"))
    finally:
        await store.close()


class TestLoad:
    async def test_a_fresh_machine_holds_nothing(self, credentials):
        assert await credentials().load() == NOTHING

    async def test_a_key_and_an_agent_count_for_every_host_of_the_same_cloud_and_for_no_other(
        self, credentials, store
    ):
        former, present, staging = (
            f"https://{host}" for host in ("www.elizacloud.ai", "api.eliza.app", "api-staging.eliza.app")
        )
        await signed_in(credentials(base_url=former, same_cloud=same_cloud))
        environ: dict[str, str] = {}
        for base_url, of_this_cloud in ((former, True), (present, True), (staging, False)):
            held = await Credentials(
                MemoryDocument(None), store, environ, base_url, same_cloud=same_cloud
            ).load()
            assert (held.key == Secret(KEY)) is of_this_cloud
            assert (held.desired_agent_id == "agent-1") is of_this_cloud
            assert (held.user_id == "user-1") is of_this_cloud

    async def test_where_the_cloud_moved_is_kept_until_the_base_url_changes(self, credentials):
        move = CloudMove("https://api.eliza.app", "https://cloud.eliza.app")
        await credentials().save_move(move)
        assert await credentials().move() == move
        await credentials().sign_out()
        assert await credentials().move() == move
        assert await credentials(base_url="https://dev.elizacloud.ai").move() is None

    async def test_the_file_wins_over_the_environment_and_that_over_the_record(self, credentials, put):
        await credentials().save_login(Secret(KEY), None, None)
        put('{"cloud": {"apiKey": " from-file "}}')
        environ = {"ELIZAOS_CLOUD_API_KEY": "from-environment"}
        found = []
        for text in ('{"cloud": {"apiKey": " from-file "}}', '{"cloud": {"apiKey": "  "}}'):
            put(text)
            held = await credentials(environ).load()
            found.append((held.source, held.key.reveal()))
        held = await credentials({"ELIZAOS_CLOUD_API_KEY": " "}).load()
        found.append((held.source, held.key.reveal()))
        assert found == [("file", "from-file"), ("environment", "from-environment"), ("record", KEY)]

    async def test_a_lost_file_does_not_lose_the_login(self, credentials, paths):
        await signed_in(credentials())
        paths.config.unlink()
        assert await credentials().load() == Held(
            key=Secret(KEY),
            source="record",
            key_prefix="eliza_0123",
            key_expires_at="2027-01-01T00:00:00Z",
            user_id="user-1",
            organization_id="org-1",
            desired_agent_id="agent-1",
            enabled=False,
            key_obtained=True,
        )

    async def test_a_record_counts_only_for_the_base_url_it_was_issued_by(self, credentials, paths):
        await signed_in(credentials())
        paths.config.unlink()
        assert await credentials(base_url="https://other.example").load() == NOTHING
        assert (await credentials().load()).desired_agent_id == "agent-1"

    async def test_a_wish_for_another_cloud_leaves_the_login_of_the_first(self, credentials, paths):
        await signed_in(credentials())
        paths.config.unlink()
        elsewhere = credentials(base_url="https://other.example")
        await elsewhere.save_desired_agent("agent-2")
        assert (await elsewhere.load()).desired_agent_id == "agent-2"
        held = await credentials().load()
        assert (held.key, held.desired_agent_id) == (Secret(KEY), None)

    async def test_details_belong_to_the_recorded_key_only(self, credentials, put):
        await signed_in(credentials())
        put(json.dumps({"cloud": {"apiKey": OTHER}}))
        held = await credentials().load()
        assert (held.key, held.key_prefix, held.user_id, held.desired_agent_id) == (
            Secret(OTHER),
            None,
            None,
            "agent-1",
        )

    @pytest.mark.parametrize(
        ("text", "environ", "enabled"),
        [
            ('{"cloud": {"enabled": true}}', {}, True),
            ('{"cloud": {"enabled": false}}', {"ELIZAOS_CLOUD_ENABLED": "TRUE"}, True),
            ('{"cloud": {"enabled": "true"}}', {}, False),
            ("{}", {"ELIZAOS_CLOUD_ENABLED": "1"}, False),
            ("{}", {}, False),
        ],
    )
    async def test_enabled_is_the_switch_of_file_or_environment(
        self, credentials, put, text, environ, enabled
    ):
        put(text)
        assert (await credentials(environ).load()).enabled is enabled

    async def test_loading_sets_no_variable(self, credentials, put):
        put(json.dumps({"cloud": {"apiKey": KEY, "enabled": True}}))
        environ = {}
        await credentials(environ).load()
        assert environ == {}

    async def test_an_unusable_key_in_the_environment_is_said_without_it(self, credentials):
        with pytest.raises(ConfigError, match="ELIZAOS_CLOUD_API_KEY: expected printable ASCII") as caught:
            await credentials({"ELIZAOS_CLOUD_API_KEY": "12345\n678"}).load()
        assert "123" not in str(caught.value)

    async def test_a_broken_file_is_an_error(self, credentials, put):
        put("{")
        with pytest.raises(ConfigError):
            await credentials().load()

    async def test_what_a_killed_writer_left_is_removed(self, credentials, put, paths):
        put("{}")
        left = paths.directory / ".eliza.json.tmp"
        left.write_text(KEY)
        await credentials().load()
        assert not left.exists()


class TestSaveLogin:
    async def test_the_key_is_in_record_file_and_environment(self, credentials, store, config, put):
        put('{"logging": {"level": "error"}, "cloud": {"bridge": {"maxFailures": 4}}}')
        environ = {"PATH": "/bin"}
        await credentials(environ).save_login(Secret(KEY), "eliza_0123", "2027-01-01T00:00:00Z")
        assert config.read() == {
            "logging": {"level": "error"},
            "cloud": {"bridge": {"maxFailures": 4}, "apiKey": KEY, "enabled": True},
        }
        assert await store.load() == AgentRecord(
            key=Secret(KEY),
            key_prefix="eliza_0123",
            key_expires_at="2027-01-01T00:00:00Z",
            base_url="https://www.elizacloud.ai",
            key_obtained=True,
        )
        assert environ == {"PATH": "/bin", "ELIZAOS_CLOUD_API_KEY": KEY, "ELIZAOS_CLOUD_ENABLED": "true"}

    async def test_a_second_login_replaces_the_key_everywhere_and_keeps_the_wish(
        self, credentials, files_with
    ):
        await signed_in(credentials())
        await credentials().save_login(Secret(OTHER), None, None)
        held = await credentials().load()
        assert (held.key, held.user_id, held.desired_agent_id) == (Secret(OTHER), None, "agent-1")
        assert files_with(KEY) == []

    async def test_the_same_key_again_keeps_the_identity(self, credentials):
        await signed_in(credentials())
        await credentials().save_login(Secret(KEY), None, None)
        assert (await credentials().load()).user_id == "user-1"

    async def test_a_file_that_cannot_take_the_key_does_not_lose_it(self, credentials, put):
        put(json.dumps({"cloud": {"apiKey": OTHER}}) + "}")
        environ = {}
        with pytest.raises(ConfigError) as caught:
            await credentials(environ).save_login(Secret(KEY), None, None)
        assert KEY not in str(caught.value)
        assert environ == {}
        put(json.dumps({"cloud": {"apiKey": OTHER}, "mended": 1}))
        held = await credentials().load()
        assert (held.key, held.source) == (Secret(KEY), "file")

    async def test_a_cloud_that_is_no_object_is_said_and_kept(self, credentials, put, paths):
        put('{"cloud": "mine"}')
        with pytest.raises(ConfigError, match='cloud: expected an object, found "mine"'):
            await credentials().save_login(Secret(KEY), None, None)
        assert paths.config.read_text() == '{"cloud": "mine"}'

    async def test_a_key_that_the_user_writes_later_is_not_overwritten(self, credentials, put):
        await credentials().save_login(Secret(KEY), None, None)
        put(json.dumps({"cloud": {"apiKey": OTHER}}))
        assert (await credentials().load()).key == Secret(OTHER)


class TestSaveIdentity:
    async def test_an_identity_of_another_key_is_not_kept(self, credentials):
        await signed_in(credentials())
        await credentials().save_identity(Secret(OTHER), "user-2", None)
        assert (await credentials().load()).user_id == "user-1"

    async def test_an_organization_may_be_missing(self, credentials):
        await signed_in(credentials())
        await credentials().save_identity(Secret(KEY), "user-2", None)
        held = await credentials().load()
        assert (held.user_id, held.organization_id) == ("user-2", None)


class TestSignOut:
    async def test_nothing_of_the_login_is_left(self, credentials, config, store, files_with):
        environ = {"PATH": "/bin"}
        await signed_in(credentials(environ))
        await credentials(environ).sign_out()
        assert await credentials(environ).load() == NOTHING
        assert await store.load() == AgentRecord()
        assert config.read() == {"cloud": {"enabled": False}}
        assert environ == {"PATH": "/bin"}
        assert files_with(KEY) == []

    async def test_it_is_repeatable_and_works_on_a_fresh_machine(self, credentials, config):
        for _ in range(2):
            await credentials().sign_out()
        assert config.read() == {"cloud": {"enabled": False}}

    async def test_copies_of_the_key_elsewhere_go_and_everything_else_stays(
        self, credentials, put, paths, files_with
    ):
        put(
            "{// KEY\n env: {vars: {K: 'KEY'}}, list: ['Bearer KEY', 1], cloud: {serviceKey: 's'}}".replace(
                "KEY", KEY
            )
        )
        await signed_in(credentials())
        config = json.loads(paths.config.read_text())
        config["later"] = KEY
        put(json.dumps(config))
        await credentials({}).sign_out()
        assert json.loads(paths.config.read_text()) == {
            "env": {"vars": {"K": ""}},
            "list": ["Bearer ", 1],
            "cloud": {"serviceKey": "s", "enabled": False},
            "later": "",
        }
        assert files_with(KEY) == []

    async def test_a_backup_that_a_user_put_the_key_into_goes(self, credentials, paths, files_with):
        await signed_in(credentials())
        (paths.directory / "eliza.json.bak").write_text(f"// {KEY}")
        await credentials().sign_out()
        assert files_with(KEY) == []

    async def test_a_comment_that_holds_only_the_recorded_key_goes(self, credentials, put, files_with):
        await signed_in(credentials())
        put(f"{{cloud: {{enabled: false}}}} // {KEY}")
        await credentials().sign_out()
        assert files_with(KEY) == []

    async def test_a_short_key_takes_no_words_with_it(self, credentials, put, config):
        put('{"cloud": {"apiKey": "test"}, "name": "tester", "mode": "test"}')
        await credentials().sign_out()
        assert config.read() == {"cloud": {"enabled": False}, "name": "tester", "mode": "test"}

    async def test_one_that_failed_half_way_is_finished_by_the_next_load(
        self, credentials, put, paths, files_with
    ):
        environ = {}
        await signed_in(credentials(environ))
        whole = paths.config.read_text()
        put(whole + "}")
        with pytest.raises(ConfigError):
            await credentials(environ).sign_out()
        assert environ == {}
        with pytest.raises(ConfigError):
            await credentials().load()
        put(whole)
        assert await credentials().load() == NOTHING
        assert files_with(KEY) == []

    async def test_a_login_after_one_that_failed_half_way_counts(self, credentials, put, paths):
        await signed_in(credentials())
        whole = paths.config.read_text()
        put(whole + "}")
        with pytest.raises(ConfigError):
            await credentials().sign_out()
        put(whole)
        await credentials().save_login(Secret(OTHER), None, None)
        held = await credentials().load()
        assert (held.key, held.user_id, held.desired_agent_id) == (Secret(OTHER), None, None)


class TestCancellation:
    async def test_a_cancelled_call_is_finished_and_the_cancellation_goes_on(self, credentials, config):
        credentials = credentials({})
        task = asyncio.ensure_future(credentials.save_login(Secret(KEY), None, None))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert config.read()["cloud"]["apiKey"] == KEY

    async def test_a_sign_out_after_a_cancelled_login_has_the_last_word(self, credentials, files_with):
        environ = {}
        credentials = credentials(environ)
        login = asyncio.ensure_future(credentials.save_login(Secret(KEY), None, None))
        await asyncio.sleep(0)
        login.cancel()
        await credentials.sign_out()
        assert await asyncio.wait_for(asyncio.gather(login, return_exceptions=True), 5)
        assert await credentials.load() == NOTHING
        assert environ == {}
        assert files_with(KEY) == []

    async def test_a_failure_behind_a_cancellation_is_its_cause(self, credentials, put):
        put("{")
        task = asyncio.ensure_future(credentials().save_login(Secret(KEY), None, None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert isinstance(caught.value.__cause__, ConfigError)

    def test_a_loop_that_ends_in_the_middle_is_finished_by_the_next_load(self, paths):
        async def leave_in_the_middle(credentials):
            await signed_in(credentials)
            task = asyncio.ensure_future(credentials.sign_out())
            await asyncio.wait({task}, timeout=0)
            assert not task.done()

        asyncio.run(opened(paths, leave_in_the_middle))
        asyncio.run(opened(paths, Credentials.sign_out))
        assert asyncio.run(opened(paths, Credentials.load)) == NOTHING


class TestOneLoopManyCalls:
    async def test_calls_at_once_are_done_in_turn(self, credentials, files_with):
        credentials = credentials({})
        await asyncio.gather(
            credentials.save_login(Secret(KEY), None, None),
            credentials.save_identity(Secret(KEY), "user-1", None),
            credentials.save_desired_agent("agent-1"),
            credentials.save_login(Secret(OTHER), None, None),
            credentials.save_identity(Secret(KEY), "late", None),
        )
        held = await credentials.load()
        assert (held.key, held.user_id, held.desired_agent_id) == (Secret(OTHER), None, "agent-1")
        assert files_with(KEY) == []

    async def test_the_loop_runs_on_while_a_file_is_locked(self, credentials, config, paths, put):
        put("{}")
        entered, leave = threading.Event(), threading.Event()

        def hold(document):
            entered.set()
            leave.wait()

        holder = threading.Thread(target=config.update, args=(hold,))
        holder.start()
        await asyncio.to_thread(entered.wait)
        login = asyncio.ensure_future(credentials().save_login(Secret(KEY), None, None))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not login.done()
        leave.set()
        await login
        holder.join()


@pytest.mark.parametrize("size", [100, 4096, 40_000])
@pytest.mark.parametrize("operation", ["save_login", "sign_out"])
async def test_a_full_disk_is_said_and_nothing_held_is_lost(child, paths, operation, size):
    paths.directory.mkdir()
    paths.config.write_text(json.dumps({"filler": "x" * 50_000}))
    await opened(paths, signed_in)
    said = child("full", paths.directory, operation, OTHER, size).communicate()[0]
    assert said.startswith("Cannot ")
    assert "try again" in said
    assert OTHER not in said
    assert json.loads(paths.config.read_text())["cloud"]["apiKey"] == KEY


async def test_a_directory_that_may_not_be_written_is_said(read_only):
    store = SqliteStore(Database(read_only / "agent.sqlite3"))
    credentials = Credentials(ConfigFile(read_only / "eliza.json"), store, {}, "https://www.elizacloud.ai")
    with pytest.raises(StoreError, match="permission denied"):
        await credentials.sign_out()
    with pytest.raises(StoreError, match="permission denied"):
        await credentials.load()
    await store.close()
