"""A sign-in that waits for the browser while the service ends (architecture: Login)."""

import pytest
from aiohttp import web

from eliza_cloud.store.inspect import read_only_record
from tests.runtime.scripted_cloud import KEY, authenticated


async def begun(rig):
    """Begin a sign-in; return the id of its session."""
    await rig.start(key=None)
    return (await rig.link.start_login()).session_id


def kept(rig):
    """Return the pending sign-in that is in the database, as its session's id."""
    held = read_only_record(rig.paths.database).login_session
    return held and held.reveal()


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_a_pending_sign_in_survives_the_end_of_the_service(rig, cloud, end):
    session = await begun(rig)
    page = rig.link._loop.logins.current.browser_url
    await getattr(rig, end)()
    link = await rig.start(key=None)
    await rig.until(lambda: link.login_status(session).status == "pending")
    assert (await link.start_login()).browser_url == page, "the one that is pending, not another"
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: link.login_status(session).status == "authenticated", f"poller {session}")
    await rig.until(lambda: link.status().connected)
    assert (await link._credentials.load()).key.reveal() == KEY


async def test_its_id_is_as_secret_as_a_key(rig, cloud):
    session = await begun(rig)
    assert kept(rig) == session
    assert rig.paths.database.stat().st_mode & 0o777 == 0o600
    assert session not in str(rig.log)
    assert session not in repr(await rig.link._credentials.pending_login())


async def test_the_time_it_waited_before_the_end_counts(rig, cloud):
    session = await begun(rig)
    await rig.kill()
    rig.clock.jump(290.0)
    link = await rig.start(key=None)
    for asked in range(1, 5):
        await rig.after(2.0, lambda n=asked: cloud.count("poll") == n, f"poller {session}")
    assert link.login_status(session).status == "pending"
    await rig.after(2.0, lambda: link.login_status(session).status == "expired", f"poller {session}")


@pytest.mark.parametrize("over", ["sign-out", "cancel", "expiry", "success"])
async def test_nothing_of_it_is_kept_once_it_is_over(rig, cloud, over):
    session = await begun(rig)
    if over == "sign-out":
        await rig.link.disconnect()
    elif over == "cancel":
        await rig.link.cancel_login(session)
    elif over == "expiry":
        cloud.script["poll"] = [web.json_response({"status": "expired"})]
        await rig.after(2.0, lambda: rig.link.login_status(session).status == "expired", f"poller {session}")
    else:
        cloud.script["poll"] = [authenticated()]
        await rig.after(2.0, lambda: rig.link.status().connected, f"poller {session}")
    await rig.until(lambda: kept(rig) is None)
    await rig.quiet()
    files = [path for path in rig.paths.directory.iterdir() if path.is_file()]
    assert [path.name for path in files if session.encode() in path.read_bytes()] == []
    polls = cloud.count("poll")
    await rig.kill()
    link = await rig.start(key=None)
    await rig.quiet()
    assert link.login_status(session).status == "expired"
    assert cloud.count("poll") == polls
