# ruff: noqa: PLR0917 - a table of cases has as many columns as it has
"""Snapshots, the list of backups, restores (cloud-api §14)."""

import pytest

from eliza_cloud.cloud.errors import CloudServerError, Conflict, InvalidRequest, InvalidResponse, NotFound
from eliza_cloud.cloud.types.models import Backup, JobRef, Restored, Snapshot

from .conftest import AGENT

CREATED = "2026-11-23T10:00:00.000Z"
POLLING = {"endpoint": "/api/v1/jobs/j1", "intervalMs": 5000, "expectedDurationMs": 45000}


@pytest.fixture
async def agent(cloud):
    return cloud.agents()


@pytest.mark.parametrize(
    ("status", "body", "snapshot"),
    [
        (
            200,
            {"data": {"backupId": "b1", "snapshotType": "manual", "sizeBytes": 1234, "createdAt": CREATED}},
            Snapshot("b1", 1234, CREATED, None),
        ),
        (
            200,
            {"data": {"backupId": "b1", "sizeBytes": "99", "createdAt": None}},
            Snapshot("b1", 99, None, None),
        ),
        (
            202,
            {
                "created": True,
                "data": {"agentId": AGENT, "action": "snapshot", "jobId": "j1"},
                "polling": POLLING,
            },
            Snapshot(None, None, None, JobRef("j1", 5.0, 45.0)),
        ),
        (
            409,
            {"alreadyInProgress": True, "data": {"jobId": "j1"}},
            Snapshot(None, None, None, JobRef("j1", 5.0, None)),
        ),
        (202, {"data": {}}, Snapshot(None, None, None, None)),
    ],
)
async def test_a_snapshot_is_taken_or_accepted(client, cloud, agent, status, body, snapshot):
    cloud.on("POST", f"{agent}/snapshot", (status, {"success": True, **body}))
    assert await client.snapshot(AGENT) == snapshot
    assert cloud.asked[-1].body == b""


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (409, {"success": False, "error": "Sandbox is not running"}, Conflict),
        (500, {"success": False, "error": "An unexpected error occurred"}, CloudServerError),
        (404, {"success": False, "error": "Agent not found"}, NotFound),
        (200, {"success": True, "data": {}}, InvalidResponse),
    ],
)
async def test_a_snapshot_that_was_not_taken_is_no_success(client, cloud, agent, status, body, error):
    cloud.on("POST", f"{agent}/snapshot", (status, body))
    with pytest.raises(error):
        await client.snapshot(AGENT)


async def test_backups_are_listed_with_what_may_be_missing(client, cloud, agent):
    full = {
        "id": "b1",
        "snapshotType": "pre-shutdown",
        "sizeBytes": 7,
        "vercelSnapshotId": None,
        "createdAt": CREATED,
    }
    bare = {"id": "b2", "sizeBytes": None}
    cloud.on("GET", f"{agent}/backups", (200, {"success": True, "data": [full, bare]}))
    assert await client.list_backups(AGENT) == [
        Backup("b1", "pre-shutdown", 7, CREATED, full),
        Backup("b2", "unknown", None, None, bare),
    ]


async def test_a_list_of_backups_that_fails_is_not_empty(client, cloud, agent):
    cloud.on(
        "GET",
        f"{agent}/backups",
        (500, {"success": False, "error": "x"}),
        (200, {"data": [{}]}),
        (200, {"data": []}),
    )
    with pytest.raises(CloudServerError):
        await client.list_backups(AGENT)
    with pytest.raises(InvalidResponse):
        await client.list_backups(AGENT)
    assert await client.list_backups(AGENT) == []


@pytest.mark.parametrize(("backup_id", "sent"), [(None, b"{}"), ("b1", b'{"backupId":"b1"}')])
async def test_a_restore_always_sends_a_json_body(client, cloud, agent, backup_id, sent):
    data = {"restoredFromBackupId": "b1", "snapshotType": "manual", "createdAt": CREATED}
    cloud.on("POST", f"{agent}/restore", (200, {"success": True, "data": data}))
    assert await client.restore(AGENT, backup_id) == Restored("b1", CREATED, False, data)
    assert cloud.asked[-1].body == sent
    assert cloud.asked[-1].headers["Content-Type"] == "application/json"


async def test_a_restore_that_has_only_begun_says_so(client, cloud, agent):
    data = {"status": "accepted", "restoredFromBackupId": "b1", "restoreOperationId": "r1", "phase": "queued"}
    cloud.on("POST", f"{agent}/restore", (202, {"success": True, "data": data}))
    assert await client.restore(AGENT) == Restored("b1", None, True, data)


@pytest.mark.parametrize(
    ("status", "text", "error", "retryable"),
    [
        (400, "bad backupId", InvalidRequest, False),
        (404, "No backup found", NotFound, False),
        (409, "Stopped agents can only restore the latest backup", Conflict, False),
        (500, "Backup does not belong to this agent", CloudServerError, True),
    ],
)
async def test_a_restore_that_is_refused_says_why(client, cloud, agent, status, text, error, retryable):
    cloud.on("POST", f"{agent}/restore", (status, {"success": False, "error": text}))
    with pytest.raises(error, match=text) as caught:
        await client.restore(AGENT, "b1")
    assert caught.value.retryable is retryable
