"""A key that our own sign-in obtained is revoked when it is given up (cloud-api-latest L21)."""

import pytest
from aiohttp import web

from eliza_cloud.runtime.operations.login import SignedOut
from tests.runtime.scripted_cloud import KEY, authenticated, drop, failure

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
    assert (await link._credentials.load()).key is None
    assert len(rig.logged("key.revoked")) == 1


async def test_it_does_after_a_restart_too(rig, cloud):
    await signed_in(rig, cloud)
    link = await rig.restart()
    await rig.until(lambda: link.status().connected)
    assert (await link.disconnect()).key_revoked
    assert cloud.keys_of("revoke_key") == [KEY]


async def test_the_key_is_revoked_after_the_final_snapshot_was_taken_with_it(rig, cloud):
    link = await signed_in(rig, cloud)
    await link.connect("11111111-1111-4111-8111-111111111111")
    await link.disconnect()
    assert [name for name in cloud.calls if name in {"snapshot", "revoke_key"}] == ["snapshot", "revoke_key"]


async def test_a_key_that_an_operator_gave_is_never_revoked(rig, cloud):
    cloud.always["revoke_key"] = REVOKED
    link = await rig.start()
    assert await link.disconnect() == SignedOut()
    assert cloud.count("revoke_key") == 0


async def test_the_key_stays_valid_when_that_is_asked_for(rig, cloud):
    link = await signed_in(rig, cloud)
    assert await link.disconnect(keep_key=True) == SignedOut()
    assert cloud.count("revoke_key") == 0
    assert not link.status().has_api_key


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
    assert signed_out.problem.code == "key_not_revoked"
    assert "Delete the key" in signed_out.problem.message
    assert (await link._credentials.load()).key is None
    (line,) = rig.logged("key.not_revoked")
    assert line["log_level"] == "warning"
    assert KEY not in str(rig.log)


async def test_a_cloud_that_does_not_answer_holds_a_sign_out_up_for_five_seconds_at_most(rig, cloud):
    link = await signed_in(rig, cloud)
    cloud.hold("revoke_key")
    signed_out, seconds = await rig.outlast(link.disconnect())
    assert (signed_out.problem.code, seconds) == ("key_not_revoked", 5.0)


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
