"""Signing in (architecture: Login; local-api §4)."""

import asyncio
import json

import pytest
from aiohttp import web

from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.errors import StoreError
from tests.harness.failing import failing
from tests.harness.scripted_cloud import (
    KEY,
    OTHER_KEY,
    A,
    authenticated,
    drop,
    failure,
    html,
    own_session,
)

SERVERS_ID = "99999999-9999-4999-8999-999999999999"


async def begin(rig, *, revocable=False):
    """Begin a sign-in and return its id; revocable on a server that makes its own ids."""
    if revocable:
        rig.cloud.script["login"] = [own_session(SERVERS_ID)]
    return (await rig.link.start_login()).session_id


async def poll(rig, session_id, *answers):
    """Let the next polls, one after the other, be answered like this."""
    for answer in answers:
        rig.cloud.script["poll"] = [answer]
        polls = rig.cloud.count("poll")
        await rig.after(2.0, lambda n=polls: rig.cloud.count("poll") > n, f"poller {session_id}")
        await rig.quiet()


def status(rig, session_id):
    return rig.link.login_status(session_id).status


def break_the_store(rig):
    rig.paths.config.parent.mkdir(parents=True, exist_ok=True)
    rig.paths.config.write_text("{ this is no JSON")


async def test_a_login_ends_with_the_key_stored_and_the_account_verified(rig, cloud):
    link = await rig.start(key=None)
    login = await link.start_login()
    assert login.browser_url == f"{rig.base_url}auth/cli-login?session={login.session_id}"
    assert status(rig, login.session_id) == "pending"
    await poll(rig, login.session_id, authenticated())
    view = link.login_status(login.session_id)
    assert (view.status, view.key_prefix, view.error) == ("authenticated", KEY[:12], None)
    assert ConfigFile(rig.paths.config).read()["cloud"] == {"apiKey": KEY, "enabled": True}
    assert rig.environ == {"ELIZAOS_CLOUD_API_KEY": KEY, "ELIZAOS_CLOUD_ENABLED": "true"}
    await rig.until(lambda: link.status().connected)
    assert (link.status().user_id, link.status().organization_id) == ("user-1", "org-1")
    assert KEY not in str(rig.log)
    await rig.quiet()
    assert rig.tasks() == set()
    assert rig.clock.pending() == []


async def test_the_key_is_stored_before_the_login_says_authenticated(rig):
    await rig.start(key=None)
    session = await begin(rig)
    seen = []
    rig.store.on_save = lambda record: seen.append((status(rig, session), record.signing_in))
    await poll(rig, session, authenticated())
    assert seen[:2] == [("pending", True), ("pending", False)]
    assert status(rig, session) == "authenticated"


async def test_nothing_is_polled_before_the_first_interval_has_passed(rig, cloud):
    await rig.start(key=None)
    await begin(rig)
    await rig.quiet()
    assert cloud.count("poll") == 0
    assert rig.clock.pending() == [2.0]


async def test_a_second_request_returns_the_login_that_is_pending(rig, cloud):
    await rig.start(key=None)
    session = await begin(rig)
    assert await begin(rig) == session
    assert cloud.count("login") == 1
    assert rig.tasks() == {f"poller {session}"}


async def test_requests_at_once_open_one_session(rig, cloud):
    link = await rig.start(key=None)
    logins = await asyncio.gather(*(link.start_login() for _ in range(8)))
    assert len({login.session_id for login in logins}) == 1
    assert cloud.count("login") == 1


async def test_the_servers_session_id_counts(rig, cloud):
    await rig.start(key=None)
    session = await begin(rig, revocable=True)
    assert session == SERVERS_ID
    assert (await rig.link.start_login()).browser_url.endswith(f"session={SERVERS_ID}")
    await poll(rig, session, web.json_response({"status": "pending"}))
    assert cloud.paths["poll"].endswith(SERVERS_ID)


async def test_a_key_is_read_by_exactly_one_poll(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig)
    cloud.hold("poll")
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: cloud.count("poll") == 1)
    for _ in range(5):
        assert status(rig, session) == "pending"
        await begin(rig)
    rig.clock.advance(60.0)
    await rig.quiet()
    assert cloud.most_at_once["poll"] == 1
    cloud.release("poll")
    await rig.until(lambda: status(rig, session) == "authenticated")
    assert cloud.count("poll") == 1
    assert link.status().has_api_key


async def test_what_the_cloud_cannot_do_is_told_to_who_asked_for_the_login(rig, cloud):
    await rig.start(key=None)
    cloud.script["login"] = [failure(500, "Failed to create authentication session")]
    refusal = await failing(rig.link.start_login())
    assert (refusal.status, refusal.code) == (502, "cloud_server_error")
    assert (await begin(rig)) is not None


@pytest.mark.parametrize("retry_after", ["7", "86400"])
async def test_retry_after_puts_a_poll_off_but_not_the_end_of_the_login(rig, cloud, retry_after):
    await rig.start(key=None)
    session = await begin(rig)
    busy = failure(503, "busy")
    busy.headers["Retry-After"] = retry_after
    await poll(rig, session, busy)
    assert rig.clock.pending() == [min(float(retry_after), 298.0)]


async def test_a_session_the_cloud_does_not_know_any_more_is_expired(rig):
    await rig.start(key=None)
    session = await begin(rig)
    await poll(rig, session, failure(404, "Session not found or expired"))
    view = rig.link.login_status(session)
    assert (view.status, view.error) == ("expired", "Session not found or expired")
    assert rig.clock.pending() == []
    assert await begin(rig) != session


async def test_a_404_that_is_not_the_clouds_own_does_not_end_a_login(rig):
    await rig.start(key=None)
    session = await begin(rig)
    await poll(rig, session, html(404), authenticated())
    assert status(rig, session) == "authenticated"


async def test_a_key_the_cloud_cannot_hand_out_is_a_failure(rig):
    await rig.start(key=None)
    session = await begin(rig)
    await poll(rig, session, failure(410, "API key unavailable: expired"))
    view = rig.link.login_status(session)
    assert view.status == "error"
    assert "Sign in again" in view.error


async def test_a_login_times_out_after_five_minutes_and_not_before(rig, cloud):
    await rig.start(key=None)
    session = await begin(rig)
    for seconds in range(2, 300, 2):
        await rig.after(2.0, lambda n=seconds // 2: cloud.count("poll") == n)
    assert status(rig, session) == "pending"
    await rig.after(2.0, lambda: status(rig, session) == "expired")
    assert "in time" in rig.link.login_status(session).error
    assert cloud.count("poll") == 149


async def test_a_cancelled_login_asks_no_more_where_a_key_cannot_be_taken_back(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig)
    view = await link.cancel_login(session)
    assert (view.status, view.error) == ("expired", "The login was cancelled.")
    await rig.quiet()
    assert rig.clock.pending() == []
    assert cloud.count("poll") == 0


async def test_a_key_that_comes_after_a_cancel_is_revoked_where_it_can_be(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig, revocable=True)
    await link.cancel_login(session)
    await poll(rig, session, authenticated())
    assert cloud.keys_of("revoke") == [KEY]
    assert cloud.paths["revoke"].endswith(SERVERS_ID)
    assert not link.status().has_api_key
    assert rig.logged("login.key_revoked")
    assert rig.tasks() == set()


async def test_a_key_that_cannot_be_revoked_is_reported_with_a_remedy(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig, revocable=True)
    await link.cancel_login(session)
    cloud.always["revoke"] = failure(403, "Forbidden")
    await poll(rig, session, authenticated())
    (warning,) = rig.logged("login.key_not_revoked")
    assert "Delete the key" in warning["remedy"]
    assert KEY not in str(rig.log)


async def test_revoking_ends_with_the_session_itself(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig, revocable=True)
    await link.cancel_login(session)
    for _ in range(299):
        polls = cloud.count("poll")
        await rig.after(2.0, lambda n=polls: cloud.count("poll") == n + 1)
    await rig.after(2.0, lambda: rig.tasks() == set())
    assert rig.clock.pending() == []


async def test_a_new_login_can_begin_while_an_old_one_is_still_being_revoked(rig, cloud):
    link = await rig.start(key=None)
    old = await begin(rig, revocable=True)
    await link.cancel_login(old)
    new = await begin(rig)
    assert new != old

    async def answer(request):
        return authenticated(KEY if request.path.endswith(old) else OTHER_KEY)

    cloud.always["poll"] = answer
    await rig.after(2.0, lambda: status(rig, new) == "authenticated" and cloud.keys_of("revoke"))
    assert (status(rig, new), status(rig, old)) == ("authenticated", "expired")
    assert cloud.keys_of("revoke") == [KEY]
    assert (await rig.credentials.load()).key.reveal() == OTHER_KEY


async def test_cancelling_a_login_that_has_ended_changes_nothing(rig):
    link = await rig.start(key=None)
    session = await begin(rig)
    await poll(rig, session, authenticated())
    assert (await link.cancel_login(session)).status == "authenticated"
    assert link.status().has_api_key


async def test_cancelling_an_unknown_login_is_answered_as_expired(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig)
    assert (await link.cancel_login("somebody-elses")).status == "expired"
    assert status(rig, session) == "pending"


async def test_a_login_that_begins_and_is_cancelled_at_once_does_not_go_on_asking(rig, cloud):
    """The cancel is decided before the poller has run for the first time."""
    link = await rig.start(verified=False)
    rig.store.hold()  # while it is not written down whose key it is, nothing else is decided
    await rig.until(lambda: rig.store.waiting)
    begun = asyncio.ensure_future(link.start_login())
    await rig.until(lambda: link.queue_length == 1)
    cancelled = asyncio.ensure_future(link.cancel_login(json.loads(cloud.bodies["login"])["sessionId"]))
    await rig.until(lambda: link.queue_length == 2)
    rig.store.release()
    assert (await cancelled).error == "The login was cancelled."
    await begun
    await rig.quiet()
    assert rig.tasks() == set()
    assert rig.clock.pending() == []
    assert cloud.count("poll") == 0


@pytest.mark.parametrize("revocable", [True, False])
async def test_a_key_that_comes_after_a_disconnect_is_not_adopted(rig, cloud, revocable):
    link = await rig.start(key=None)
    session = await begin(rig, revocable=revocable)
    cloud.hold("poll")
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: cloud.count("poll") == 1)
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.quiet()
    cloud.release("poll")
    await leaving
    assert status(rig, session) == "expired"
    assert not link.status().has_api_key
    assert (await rig.credentials.load()).key is None
    assert cloud.keys_of("revoke") == ([KEY] if revocable else [])
    assert len(rig.logged("login.key_orphaned")) == (0 if revocable else 1)
    await rig.long_time()
    assert cloud.count("poll") == 1


async def test_a_disconnect_ends_the_revoking_of_an_older_login_too(rig, cloud):
    link = await rig.start(key=None)
    await link.cancel_login(await begin(rig, revocable=True))
    await link.disconnect()
    assert rig.tasks() == set()
    assert rig.clock.pending() == []


async def test_a_disconnect_overtakes_a_login_that_is_just_being_opened(rig, cloud):
    link = await rig.start(key=None)
    cloud.hold("login")
    begun = asyncio.ensure_future(link.start_login())
    await rig.until(lambda: cloud.count("login") == 1)
    await link.disconnect()
    cloud.release("login")
    assert (await failing(begun)).code == "superseded"
    await rig.quiet()
    assert rig.tasks() == set()
    assert rig.clock.pending() == []


async def test_a_login_begun_while_the_link_closes_is_not_ended_by_the_disconnect(rig, cloud):
    link = await rig.connected()
    cloud.hold("snapshot")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    session = await begin(rig)
    cloud.release("snapshot")
    await leaving
    await poll(rig, session, authenticated(OTHER_KEY))
    assert status(rig, session) == "authenticated"
    assert (await rig.credentials.load()).key.reveal() == OTHER_KEY


async def test_a_cancel_while_the_key_cannot_be_stored_takes_it_back(rig, cloud):
    link = await rig.start(key=None)
    session = await begin(rig, revocable=True)
    break_the_store(rig)
    await poll(rig, session, authenticated())
    await link.cancel_login(session)
    await rig.after(2.0, lambda: cloud.keys_of("revoke") == [KEY])
    await rig.until(lambda: rig.tasks() == set())
    assert rig.clock.pending() == []


@pytest.mark.parametrize("revocable", [True, False])
async def test_a_stop_while_the_key_is_half_stored_leaves_it_to_the_next_start(rig, cloud, revocable):
    await rig.start(key=None)
    session = await begin(rig, revocable=revocable)
    break_the_store(rig)
    await poll(rig, session, authenticated())
    await rig.outlast(rig.link.stop())
    assert cloud.count("revoke") == 0
    assert not rig.logged("login.key_orphaned")
    rig.paths.config.write_text("{}")
    await rig.restart()
    await rig.until(lambda: rig.link.status().connected)


@pytest.mark.parametrize("revocable", [True, False])
async def test_a_stop_while_the_key_cannot_be_stored_at_all_takes_it_back_or_says_that_it_is_lost(
    rig, cloud, revocable
):
    link = await rig.start(key=None)
    session = await begin(rig, revocable=revocable)
    rig.store.error = StoreError("There is no room on the disk; make some and try again.")
    await poll(rig, session, authenticated())
    await rig.outlast(link.stop())
    assert cloud.keys_of("revoke") == ([KEY] if revocable else [])
    assert len(rig.logged("login.key_orphaned")) == (0 if revocable else 1)


async def test_the_last_sixteen_logins_are_remembered(rig):
    link = await rig.start(key=None)
    sessions = []
    for _ in range(17):
        sessions.append(await begin(rig))
        await link.cancel_login(sessions[-1])
    assert link.login_status(sessions[0]).error == "Session not found or expired"
    assert link.login_status(sessions[1]).error == "The login was cancelled."


async def test_signing_in_again_while_linked_keeps_the_link_until_the_new_key_is_stored(rig, cloud):
    link = await rig.connected()
    session = await begin(rig)
    assert rig.state == "connected"
    await poll(rig, session, drop)
    assert rig.state == "connected"
    await rig.until(lambda: link.status().connected)
    cloud.hold("provision")
    await poll(rig, session, authenticated(OTHER_KEY))
    assert (rig.state, link.status().connection.agent_id) == ("connecting", A)
    assert status(rig, session) == "authenticated"
    cloud.release("provision")
    await rig.until(lambda: rig.state == "connected")
    assert cloud.count("snapshot") == 0
