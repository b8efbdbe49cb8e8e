"""cloud-api-latest L7, L14, L16: snapshots, backups, restore, and waking from a backup."""

import pytest

UNKNOWN_ID = "00000000-0000-4000-8000-000000000001"


async def _list(api, agent_id):
    return (await api.get(f"{api.agents}/{agent_id}/backups")).body["data"]


async def _asleep(api):
    """An agent asleep with two backups, older and newer; what it said before each differs."""
    agent_id = await api.dedicated()
    await api.say(agent_id, "My name is Ada")
    older = await api.snapshot(agent_id)
    await api.clock.advance(1)
    await api.say(agent_id, "My name is Grace")
    await api.control(f"agents/{agent_id}/suspend", status="sleeping")
    return agent_id, older, (await _list(api, agent_id))[0]["id"]


async def _woken(api, agent_id, **body):
    answer = await api.post(f"{api.agents}/{agent_id}/wake", json=body)
    assert answer.status == 202, answer
    await api.clock.advance(3)
    return answer, await api.job(answer.body["data"]["jobId"])


async def test_a_snapshot_is_a_job_of_two_attempts(api_l):
    agent_id = await api_l.dedicated()
    answer = await api_l.post(f"{api_l.agents}/{agent_id}/snapshot")
    assert (answer.status, answer.body["polling"]["expectedDurationMs"]) == (202, 45000)
    again = await api_l.post(f"{api_l.agents}/{agent_id}/snapshot")
    assert (again.status, again.body["alreadyInProgress"]) == (202, True)
    await api_l.clock.advance(1)
    job = await api_l.job(answer.body["data"]["jobId"])
    assert (job["status"], job["maxAttempts"]) == ("completed", 2)
    assert set(job["result"]) == {
        *("cloudAgentId", "backupId", "snapshotType", "sizeBytes", "createdAt", "webUiUrl"),
    }
    [backup] = await _list(api_l, agent_id)
    assert set(backup) == {
        *("id", "snapshotType", "backupKind", "parentBackupId", "sizeBytes", "createdAt"),
    }
    assert backup["id"] == job["result"]["backupId"]
    await api_l.control(f"agents/{agent_id}/capture", mode="failing")
    failing = await api_l.post(f"{api_l.agents}/{agent_id}/snapshot")
    await api_l.clock.advance(40)
    job = await api_l.job(failing.body["data"]["jobId"])
    assert (job["status"], job["attempts"]) == ("failed", 2)


async def test_who_cannot_be_backed_up_is_told_why(api_l):
    shared = await api_l.create()
    refused = await api_l.post(f"{api_l.agents}/{shared}/snapshot")
    assert (refused.status, refused.body["code"]) == (409, "session_not_ready")
    assert refused.body["details"] == {"reason": "agent_job_target_not_container_backed"}
    restore = await api_l.post(f"{api_l.agents}/{shared}/restore")
    assert (restore.status, restore.body["error"]) == (
        409,
        "Agent restore requires a container-backed execution tier",
    )
    assert await _list(api_l, UNKNOWN_ID) == []
    agent_id = await api_l.dedicated()
    await api_l.call("DELETE", f"{api_l.agents}/{agent_id}")
    deleting = await api_l.post(f"{api_l.agents}/{agent_id}/snapshot")
    assert deleting.body["error"] == "Agent snapshot cannot start while agent deletion is in progress"


async def test_the_cloud_backs_up_every_six_hours(api_l):
    agent_id = await api_l.dedicated()
    await api_l.clock.advance(13 * 3600)
    assert [backup["snapshotType"] for backup in await _list(api_l, agent_id)] == ["auto", "auto"]


async def test_a_stop_without_its_backup_is_refused_and_the_agent_runs_on(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/capture", mode="failing")
    for stop in ("suspend", "sleep"):
        started = await api_l.post(f"{api_l.agents}/{agent_id}/{stop}")
        await api_l.clock.advance(200)
        assert (await api_l.job(started.body["data"]["jobId"]))["status"] == "failed"
        assert await api_l.status(agent_id) == "running"


async def test_waking_takes_the_newest_backup_the_chosen_one_or_none(api_l):
    for options, name in (
        ({}, "Grace"),
        ({"restoreBackupId": "older"}, "Ada"),
        ({"forceFreshBoot": True}, ""),
    ):
        agent_id, older, newest = await _asleep(api_l)
        body = {key: older if value == "older" else value for key, value in options.items()}
        answer, job = await _woken(api_l, agent_id, **body)
        data = answer.body["data"]
        assert (data["restoreBackupId"], data["forceFreshBoot"]) == (
            body.get("restoreBackupId"),
            bool(options.get("forceFreshBoot")),
        )
        assert data["previousStatus"] == "sleeping"
        said = await api_l.say(agent_id, "What is my name?")
        assert said == (f"Your name is {name}." if name else "You have not told me your name.")
        result = job["result"]
        assert result.get("restoredBackupId") == (None if not name else older if name == "Ada" else newest)
        assert result.get("freshBoot", False) is not bool(name)


async def test_a_broken_newest_backup_fails_the_wake_and_names_another(api_l):
    agent_id, older, newest = await _asleep(api_l)
    await api_l.control(f"backups/{newest}", broken=True)
    _, job = await _woken(api_l, agent_id)
    assert (job["status"], job["attempts"]) == ("failed", 1)
    failure = job["result"]["integrityFailure"]
    assert (failure["backupId"], failure["alternativeBackupId"]) == (newest, older)
    assert await api_l.status(agent_id) == "error"
    chosen = await api_l.post(f"{api_l.agents}/{agent_id}/wake", json={"restoreBackupId": newest})
    assert chosen.status == 409
    assert "previously failed restore-integrity verification" in chosen.body["error"]
    _, job = await _woken(api_l, agent_id, restoreBackupId=older)
    assert job["status"] == "completed"


async def test_a_wake_without_backups_does_not_start_empty(api_l):
    agent_id = await api_l.dedicated()
    await api_l.control(f"agents/{agent_id}/sandbox", state="stopped")
    _, job = await _woken(api_l, agent_id)
    assert job["status"] == "failed"


async def test_a_second_wake_joins_the_first_or_conflicts(api_l):
    agent_id, older, _ = await _asleep(api_l)
    path = f"{api_l.agents}/{agent_id}/wake"
    first = await api_l.post(path, json={"restoreBackupId": older})
    again = await api_l.post(path, json={"restoreBackupId": older})
    assert (again.status, again.body["success"], again.body["alreadyInProgress"]) == (409, True, True)
    assert again.body["data"]["jobId"] == first.body["data"]["jobId"]
    other = await api_l.post(path, json={"forceFreshBoot": True})
    assert (other.status, other.body["code"]) == (409, "session_not_ready")
    assert other.body["details"]["activeRestoreBackupId"] == older
    assert other.body["details"]["requestedForceFreshBoot"] is True


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"restoreBackupId": "nope"}, "Invalid request"),
        ({"forceFreshBoot": "yes"}, "Invalid request"),
        (
            {"restoreBackupId": UNKNOWN_ID, "forceFreshBoot": True},
            "restoreBackupId and forceFreshBoot are mutually exclusive",
        ),
    ],
)
async def test_what_to_wake_from_is_checked(api_l, body, error):
    agent_id, _, _ = await _asleep(api_l)
    answer = await api_l.post(f"{api_l.agents}/{agent_id}/wake", json=body)
    assert (answer.status, answer.body["error"]) == (400, error)
    unknown = await api_l.post(f"{api_l.agents}/{agent_id}/wake", json={"restoreBackupId": UNKNOWN_ID})
    assert (unknown.status, unknown.body["error"]) == (404, "No backup found")


async def test_a_restore_is_done_or_only_accepted(api_l):
    agent_id = await api_l.dedicated()
    await api_l.say(agent_id, "My name is Ada")
    backup_id = await api_l.snapshot(agent_id)
    await api_l.say(agent_id, "My name is Grace")
    path = f"{api_l.agents}/{agent_id}/restore"
    await api_l.control("organization", asyncRestore=True)
    accepted = await api_l.post(path)
    assert (accepted.status, accepted.body["data"]["status"]) == (202, "accepted")
    assert "jobId" not in accepted.body["data"]
    second = await api_l.post(path)
    assert (second.status, second.body["error"]) == (409, "Another restore of this backup is in progress")
    assert await api_l.say(agent_id, "What is my name?") == "Your name is Grace."
    await api_l.clock.advance(3)
    assert await api_l.say(agent_id, "What is my name?") == "Your name is Ada."
    await api_l.control("organization", asyncRestore=False)
    done = await api_l.post(path, json={"backupId": backup_id})
    assert (done.status, done.body["data"]["restoredFromBackupId"]) == (200, backup_id)
    await api_l.control(f"backups/{backup_id}", broken=True)
    broken = await api_l.post(path, json={"backupId": backup_id})
    assert (broken.status, broken.body["error"]) == (409, "Backup is not in a restorable catalogue state")
