"""What each kind of job does in generation L (cloud-api-latest L16), with its attempts and estimates."""

import json
from collections.abc import Mapping

from eliza_cloud.emulator.access.accounts import get_organization
from eliza_cloud.emulator.agents import lifecycle, records, sandbox, snapshots
from eliza_cloud.emulator.agents.attempts import LIGHT_SHARE, begin_light, is_to_fail, leave
from eliza_cloud.emulator.agents.jobs import AttemptError, Work
from eliza_cloud.emulator.agents.lifecycle import ProvisionError
from eliza_cloud.emulator.agents.snapshots import SandboxUnreachableError, SnapshotError
from eliza_cloud.emulator.generations.latest.deletion import delete, delete_given_up
from eliza_cloud.emulator.money.ledger import charge_start, is_funded
from eliza_cloud.emulator.money.prices import tariff
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row
from eliza_cloud.emulator.server.responses import iso


def _require_price(cloud: Cloud, job: Row) -> None:
    if job["accepted_price"] != tariff(cloud).acceptance_value:
        raise AttemptError(
            "Dedicated start price is missing or changed. Confirm the current price and try again.",
            is_final=True,
        )


async def _start(
    cloud: Cloud, job: Row, seconds: float, *, backup: Row | None = None, is_fresh: bool = False
) -> Row:
    """Start the agent at the accepted price, which is charged for each start that succeeds."""
    _require_price(cloud, job)
    try:
        agent = await lifecycle.provision(
            cloud, job["agent_id"], seconds=seconds, fails=is_to_fail(job), backup=backup, is_fresh=is_fresh
        )
    except ProvisionError as error:
        raise AttemptError(str(error)) from error
    charge_start(cloud, agent, tariff(cloud).activation, tariff(cloud).hourly)
    return agent


def _start_given_up(cloud: Cloud, job: Row, error: str) -> None:
    if records.get(cloud, job["agent_id"]) is not None:
        message = f"Provisioning permanently failed: {error}"
        records.change(cloud, job["agent_id"], status="error", error_message=message)


async def _provision(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    agent = await _start(cloud, job, seconds)
    return {"cloudAgentId": agent["id"], "status": agent["status"]}


async def _resume(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    nothing = {"cloudAgentId": job["agent_id"], "containerStarted": False, "reprovisioned": False}
    if job["skip_reason"] is not None:
        await begin_light(cloud, job, seconds)
        return {**nothing, "skipped": job["skip_reason"]}
    if not is_funded(cloud, get_organization(cloud, job["organization_id"])):
        await begin_light(cloud, job, seconds)
        return {**nothing, "skipped": "unfunded"}
    agent = await _start(cloud, job, seconds)
    return {"cloudAgentId": agent["id"], "containerStarted": True, "reprovisioned": True}


async def _restart(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    agent = await _start(cloud, job, seconds)
    return {"cloudAgentId": agent["id"], "containerStopped": True, "containerStarted": True}


def _woken_from(cloud: Cloud, job: Row) -> Row | None:
    """The backup that a wake applies; it fails rather than start empty."""
    chosen = json.loads(job["parameters"]).get("restoreBackupId")
    newest = snapshots.newest(cloud, job["agent_id"])
    backup = newest if chosen is None else snapshots.find(cloud, chosen)
    if backup is None:
        raise AttemptError("No backup to restore; refusing to start empty", is_final=True)
    if backup["is_broken"]:
        failure: dict[str, object] = {
            "backupId": backup["id"],
            "backupCreatedAt": iso(backup["created_at"]),
            "snapshotType": backup["snapshot_type"],
            "kind": "payload_invalid",
            "message": "Snapshot payload is not valid JSON — refusing partial restore",
        }
        sound = next(
            (each for each in snapshots.list_of(cloud, job["agent_id"]) if not each["is_broken"]), None
        )
        if sound is not None:
            failure["alternativeBackupId"] = sound["id"]
            failure["alternativeBackupCreatedAt"] = iso(sound["created_at"])
        raise AttemptError(str(failure["message"]), is_final=True, result={"integrityFailure": failure})
    return backup


async def _wake(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    is_fresh = bool(json.loads(job["parameters"]).get("forceFreshBoot"))
    backup = None if is_fresh else _woken_from(cloud, job)
    agent = await _start(cloud, job, seconds, backup=backup, is_fresh=is_fresh)
    result: dict[str, object] = {"cloudAgentId": agent["id"], "reprovisioned": True}
    return {**result, "freshBoot": True} if backup is None else {**result, "restoredBackupId": backup["id"]}


def _last_backup(cloud: Cloud, agent: Row, snapshot_type: str) -> Row | None:
    """The backup before a stop: none of a sandbox that is dead; the stop is refused where it fails."""
    try:
        return snapshots.take(cloud, agent["id"], snapshot_type)
    except SandboxUnreachableError:
        return None
    except SnapshotError as error:
        raise AttemptError(f"Refusing to stop without a current backup: {error}") from error


async def _suspend(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    agent = await begin_light(cloud, job, seconds)
    if job["skip_reason"] is not None:
        reason = {"skipped": True, "reason": job["skip_reason"]}
        return {"cloudAgentId": agent["id"], "containerStopped": False, **reason}
    backup = _last_backup(cloud, agent, "pre-shutdown")
    lifecycle.halt(cloud, agent["id"])
    records.change(cloud, agent["id"], billing_status="active")
    stopped = {"cloudAgentId": agent["id"], "containerStopped": True}
    return stopped if backup is None else {**stopped, "backupId": backup["id"]}


async def _sleep(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    agent = await begin_light(cloud, job, seconds)
    backup = _last_backup(cloud, agent, "pre-shutdown")
    lifecycle.halt(cloud, agent["id"], status="sleeping")
    asleep = {"cloudAgentId": agent["id"], "containerRemoved": True}
    return asleep if backup is None else {**asleep, "backupId": backup["id"]}


async def _snapshot(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    agent = await begin_light(cloud, job, seconds)
    if job["skip_reason"] is not None:
        return {"cloudAgentId": agent["id"], "skipped": True, "reason": job["skip_reason"]}
    if agent["status"] != "running":
        raise AttemptError("Sandbox is not running")
    try:
        backup = snapshots.take(cloud, agent["id"], "manual")
    except SnapshotError as error:
        raise AttemptError(str(error)) from error
    return {
        "cloudAgentId": agent["id"],
        "backupId": backup["id"],
        "snapshotType": backup["snapshot_type"],
        "sizeBytes": backup["size_bytes"],
        "createdAt": iso(backup["created_at"]),
    }


async def _logs(cloud: Cloud, job: Row, seconds: float) -> Mapping[str, object]:
    agent = await begin_light(cloud, job, seconds)
    tail = int(json.loads(job["parameters"]).get("tail", 100))
    lines = sandbox.log(cloud, agent["id"])[-tail:]
    return {"cloudAgentId": agent["id"], "status": agent["status"], "tail": tail, "logs": "\n".join(lines)}


KINDS: Mapping[str, Work] = {
    "agent_provision": Work(390, _provision, _start_given_up, polling_seconds=90),
    "agent_resume": Work(
        390,
        _resume,
        _start_given_up,
        polling_seconds=90,
        failed={"containerStarted": False, "reprovisioned": False},
    ),
    "agent_wake": Work(390, _wake, _start_given_up, polling_seconds=90, failed={"reprovisioned": False}),
    "agent_restart": Work(
        390,
        _restart,
        _start_given_up,
        polling_seconds=90,
        failed={"containerStopped": False, "containerStarted": False},
    ),
    "agent_suspend": Work(30, _suspend, leave, share=LIGHT_SHARE, failed={"containerStopped": False}),
    "agent_sleep": Work(30, _sleep, leave, share=LIGHT_SHARE, failed={"containerRemoved": False}),
    "agent_snapshot": Work(45, _snapshot, leave, share=LIGHT_SHARE, max_attempts=2, failed={}),
    "agent_delete": Work(
        30,
        delete,
        delete_given_up,
        share=LIGHT_SHARE,
        failed={"containerStopped": False, "rowDeleted": False},
    ),
    "agent_logs": Work(15, _logs, leave, share=LIGHT_SHARE, max_attempts=2),
}
