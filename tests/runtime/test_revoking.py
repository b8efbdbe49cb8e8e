"""A key that our own sign-in obtained is revoked when it is given up (cloud-api-latest L21)."""

import asyncio

import pytest
from aiohttp import web

from eliza_cloud.runtime.operations.login import GIVEN, KEPT, SignedOut
from eliza_cloud.store.errors import StoreError
from tests.harness.failing import failing
from tests.harness.scripted_cloud import KEY, OTHER_KEY, A, authenticated, drop, failure, html

REVOKED = web.json_response({"success": True, "credentialId": "c-1"})


async def signed_in(rig, cloud):
    """Sign in through the browser; the cloud revokes keys."""
    cloud.always["revoke_key"] = REVOKED
    link = await rig.start(key=None)
    await rig.sign_in(authenticated())
    await rig.until(lambda: link.status().connected)
    return link


async def test_a_sign_out_revokes_the_key_that_a_sign_in_obtained(rig, cloud):
    link = await signed_in(rig, cloud)
    assert await link.disconnect() == SignedOut(key_revoked=True)
    assert cloud.keys_of("revoke_key") == [KEY]
    assert (await rig.credentials.load()).key is None
    assert len(rig.logged("key.revoked")) == 1


async def test_it_does_after_a_restart_too(rig, cloud):
    await signed_in(rig, cloud)
    link = await rig.restart()
    await rig.until(lambda: link.status().connected)
    assert (await link.disconnect()).key_revoked
    assert cloud.keys_of("revoke_key") == [KEY]


async def test_the_key_is_revoked_after_the_final_snapshot_was_taken_with_it(rig, cloud):
    link = await signed_in(rig, cloud)
    await link.connect(A)
    await link.disconnect()
    assert [name for name in cloud.calls if name in {"snapshot", "revoke_key"}] == ["snapshot", "revoke_key"]


async def test_a_key_that_an_operator_gave_is_never_revoked(rig, cloud):
    cloud.always["revoke_key"] = REVOKED
    link = await rig.start()
    assert await link.disconnect() == GIVEN
    assert cloud.count("revoke_key") == 0


async def test_a_key_that_an_operator_put_over_ours_is_not_revoked_either(rig, cloud):
    await signed_in(rig, cloud)
    await rig.stop()
    rig.environ.clear()
    link = await rig.start(key=OTHER_KEY)
    assert await link.disconnect() == GIVEN
    assert cloud.count("revoke_key") == 0


async def test_the_key_stays_valid_when_that_is_asked_for(rig, cloud):
    link = await signed_in(rig, cloud)
    assert await link.disconnect(keep_key=True) == KEPT
    assert cloud.count("revoke_key") == 0
    assert not link.status().has_api_key


async def test_without_a_key_there_is_nothing_to_say(rig):
    assert await (await rig.start(key=None)).disconnect() == SignedOut()


@pytest.mark.parametrize(
    "answer", [failure(503, "Key store is unavailable"), drop, failure(401, "No identity")]
)
async def test_a_key_that_cannot_be_revoked_is_reported_and_the_machine_is_signed_out_all_the_same(
    rig, cloud, answer
):
    link = await signed_in(rig, cloud)
    cloud.always["revoke_key"] = answer
    signed_out, _ = await rig.outlast(link.disconnect())
    assert not signed_out.key_revoked
    assert "Delete the key" in signed_out.note
    assert (await rig.credentials.load()).key is None
    (line,) = rig.logged("key.not_revoked")
    assert (line["log_level"], line["cause"]) == ("warning", "key_not_revoked")
    assert KEY not in str(rig.log)


@pytest.mark.parametrize(
    "answer",
    [
        html(404),
        html(405),
        failure(404, "Not found"),
        failure(401, "This endpoint needs a signed-in browser", code="session_auth_required"),
    ],
)
async def test_a_cloud_that_revokes_no_keys_has_not_failed(rig, cloud, answer):
    link = await signed_in(rig, cloud)
    cloud.always["revoke_key"] = answer
    signed_out = await link.disconnect()
    assert "revokes none by itself. Delete the key" in signed_out.note
    (line,) = rig.logged("key.not_revoked")
    assert line["log_level"] == "info"


async def test_a_cloud_that_does_not_answer_holds_a_sign_out_up_for_five_seconds_at_most(rig, cloud):
    link = await signed_in(rig, cloud)
    cloud.hold("revoke_key")
    signed_out, seconds = await rig.outlast(link.disconnect())
    assert "did not answer within 5 seconds. Delete the key" in signed_out.note
    assert seconds == 5.0


async def test_a_key_that_stays_on_this_machine_is_not_revoked_before_it_could_be_removed(rig, cloud):
    link = await signed_in(rig, cloud)
    rig.store.error = StoreError("There is no room on the disk; make some and try again.")
    assert (await failing(link.disconnect())).code == "store_failed"
    assert cloud.count("revoke_key") == 0
    rig.store.error = None
    assert (await link.disconnect()).key_revoked
    assert cloud.keys_of("revoke_key") == [KEY]


async def test_a_key_that_came_in_the_moment_of_the_sign_out_is_revoked_too(rig, cloud):
    cloud.always["revoke_key"] = REVOKED
    link = await rig.start(key=None)
    session = (await link.start_login()).session_id
    cloud.script["poll"] = [authenticated()]
    rig.store.hold()
    await rig.after(2.0, lambda: rig.store.waiting, f"poller {session}")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: link.holdings.queued_events)
    rig.store.release()
    assert (await leaving).key_revoked
    assert cloud.keys_of("revoke_key") == [KEY]
    assert not link.status().has_api_key


async def test_a_stop_waits_until_a_sign_out_has_revoked_its_key(rig, cloud):
    link = await signed_in(rig, cloud)
    cloud.hold("revoke_key")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("revoke_key") == 1)
    stopping = asyncio.ensure_future(link.stop())
    await rig.quiet()
    assert not stopping.done()
    cloud.release("revoke_key")
    assert await leaving == SignedOut(key_revoked=True)
    await stopping


async def test_a_stop_waits_for_a_revocation_no_longer_than_for_the_link(rig, cloud):
    link = await signed_in(rig, cloud)
    await link.connect(A)
    cloud.hold("snapshot")
    cloud.hold("revoke_key")
    leaving = asyncio.ensure_future(link.disconnect())
    await rig.until(lambda: cloud.count("snapshot") == 1)
    _, seconds = await rig.outlast(link.stop())
    assert seconds <= 9.0
    assert (await failing(leaving)).code == "stopping"
    (line,) = rig.logged("key.not_revoked")
    assert line["log_level"] == "warning"
    assert rig.running() == {}


async def test_a_key_collected_in_vain_is_revoked_where_the_sign_in_takes_none_back(rig, cloud):
    cloud.always["revoke_key"] = REVOKED
    link = await rig.start(key=None)
    session = (await link.start_login()).session_id
    cloud.hold("poll")
    cloud.script["poll"] = [authenticated()]
    await rig.after(2.0, lambda: cloud.count("poll") == 1, f"poller {session}")
    await link.cancel_login(session)
    cloud.release("poll")
    await rig.until(lambda: cloud.keys_of("revoke_key") == [KEY])
    await rig.until(lambda: rig.tasks() == set())
    assert not rig.logged("login.key_orphaned")
