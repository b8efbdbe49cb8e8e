"""A sign-in that waits for the browser while the service ends (architecture: Login)."""

import asyncio

import pytest
from aiohttp import web

from eliza_cloud.store.inspect import read_only_record
from tests.harness.scripted_cloud import KEY, authenticated, failure, own_session

SERVERS_ID = "99999999-9999-4999-8999-999999999999"


async def begun(rig):
    """Begin a sign-in; return the id of its session."""
    return (await (await rig.start(key=None)).start_login()).session_id


def kept(rig):
    """Return the pending sign-in that is in the database, as its session's id."""
    held = read_only_record(rig.paths.database).login_session
    return held and held.reveal()


def files_with(rig, text):
    files = [path for path in rig.paths.directory.iterdir() if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_a_pending_sign_in_survives_the_end_of_the_service(rig, cloud, end):
    session = await begun(rig)
    page = (await rig.link.start_login()).browser_url
    await getattr(rig, end)()
    link = await rig.start(key=None)
    await rig.until(lambda: link.login_status(session).status == "pending")
    assert len(rig.logged("login.resumed")) == 1
    await rig.until(lambda: cloud.count("poll") == 1)
    assert (await link.start_login()).browser_url == page, "the one that is pending, not another"
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: link.login_status(session).status == "authenticated", f"poller {session}")
    await rig.until(lambda: link.status().connected)
    assert (await rig.credentials.load()).key.reveal() == KEY


async def test_it_is_written_down_before_anyone_is_told_of_it(rig):
    await rig.start(key=None)
    rig.store.hold()
    answer = asyncio.ensure_future(rig.link.start_login())
    await rig.until(lambda: rig.store.waiting)
    assert not answer.done()
    rig.store.release()
    session = (await answer).session_id
    assert kept(rig) == session


async def test_its_id_and_its_page_are_as_secret_as_a_key(rig, cloud):
    cloud.always["poll"] = failure(500, "Failed to get session status")
    session = await begun(rig)
    await rig.after(2.0, lambda: rig.logged("login.poll_failed"), f"poller {session}")
    assert kept(rig) == session
    assert rig.paths.database.stat().st_mode & 0o777 == 0o600
    pending = await rig.credentials.pending_login()
    shown = [pending, read_only_record(rig.paths.database), await rig.link.start_login(), rig.log]
    await rig.restart()
    await rig.until(lambda: rig.link.login_status(session).status == "pending")
    assert session not in f"{shown!r} {rig.log!r}"


async def test_a_key_that_was_ready_while_no_service_ran_is_collected_at_once(rig, cloud):
    session = await begun(rig)
    await rig.kill()
    cloud.script["poll"] = [authenticated()]
    rig.clock.jump(400.0)  # more than a sign-in is waited for, less than the cloud keeps it
    link = await rig.start(key=None)
    await rig.until(lambda: link.status().connected)
    assert link.login_status(session).status == "authenticated"


async def test_the_time_it_waited_before_the_end_counts(rig, cloud):
    session = await begun(rig)
    await rig.kill()
    rig.clock.jump(295.0)
    link = await rig.start(key=None)
    await rig.until(lambda: cloud.count("poll") == 1)
    for asked in (2, 3):
        await rig.after(2.0, lambda n=asked: cloud.count("poll") == n, f"poller {session}")
    assert link.login_status(session).status == "pending"
    await rig.after(1.0, lambda: link.login_status(session).status == "expired", f"poller {session}")
    await rig.until(lambda: kept(rig) is None)


@pytest.mark.parametrize("over", ["sign-out", "cancel", "expiry", "success", "timeout"])
async def test_nothing_of_it_is_kept_once_it_is_over(rig, cloud, over):
    session = await begun(rig)
    if over == "sign-out":
        await rig.link.disconnect()
    elif over == "cancel":
        await rig.link.cancel_login(session)
    elif over == "expiry":
        cloud.script["poll"] = [web.json_response({"status": "expired"})]
        await rig.after(2.0, lambda: rig.link.login_status(session).status == "expired", f"poller {session}")
    elif over == "timeout":
        for asked in range(1, 150):
            await rig.after(2.0, lambda n=asked: cloud.count("poll") == n, f"poller {session}")
        await rig.after(2.0, lambda: rig.link.login_status(session).status == "expired", f"poller {session}")
    else:
        cloud.script["poll"] = [authenticated()]
        await rig.after(2.0, lambda: rig.link.status().connected, f"poller {session}")
    await rig.until(lambda: kept(rig) is None)
    await rig.quiet()
    assert files_with(rig, session) == []
    polls = cloud.count("poll")
    await rig.kill()
    link = await rig.start(key=None)
    await rig.quiet()
    assert link.login_status(session).status == "expired"
    assert cloud.count("poll") == polls


async def test_a_sign_out_ends_one_that_an_earlier_run_began(rig, cloud):
    session = await begun(rig)
    await rig.kill()
    link = await rig.start(key=None)
    await rig.until(lambda: link.login_status(session).status == "pending")
    await link.disconnect()
    assert link.login_status(session).status == "expired"
    assert files_with(rig, session) == []
    await rig.restart()
    await rig.quiet()
    assert not rig.link.status().has_api_key


async def test_one_that_was_begun_at_another_cloud_is_not_asked_about_here(rig, cloud):
    session = await begun(rig)
    await rig.kill()
    rig.base_url = rig.base_url.replace("127.0.0.1", "localhost")
    link = await rig.start(key=None)
    await rig.quiet()
    assert link.login_status(session).status == "expired"
    assert cloud.count("poll") == 0


async def test_a_key_that_comes_after_a_restart_and_a_cancellation_is_taken_back(rig, cloud):
    cloud.script["login"] = [own_session(SERVERS_ID)]
    session = await begun(rig)
    await rig.kill()
    link = await rig.start(key=None)
    await rig.until(lambda: link.login_status(session).status == "pending" and cloud.count("poll") == 1)
    await link.cancel_login(session)
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: cloud.keys_of("revoke") == [KEY], f"poller {session}")
    await rig.until(lambda: rig.tasks() == set())
    assert not link.status().has_api_key


async def test_a_sign_in_that_cannot_be_written_down_is_begun_all_the_same_and_said(rig, cloud):
    link = await rig.start(key=None)
    rig.paths.database.unlink()
    rig.paths.database.mkdir()
    session = (await link.start_login()).session_id
    await rig.quiet()
    assert link.login_status(session).status == "pending"
    (line,) = rig.logged("store.failed")
    assert line["what"] == "the sign-in that waits for the browser"
    assert session not in str(rig.log)
    rig.paths.database.rmdir()
