"""A SIGKILL at any instant leaves the login old or new, and a begun sign-out is finished."""

import asyncio
import json
import random
import shutil
from pathlib import Path

import pytest

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.credentials import Credentials, Held
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.sqlite.database import Database, SqliteStore

OLD = "eliza_" + "0123456789abcdef" * 4
NEW = "eliza_" + "fedcba9876543210" * 4
MINE = {"logging": {"level": "error"}, "serviceRouting": {"llmText": {"backend": "openai"}}}
SLICES = 12  # one kill in each: from the first line of a change to about its last
SLICE = 90  # lines of code


async def at(directory: Path, use):
    paths = state_paths({"ELIZA_STATE_DIR": str(directory)})
    store = SqliteStore(Database(paths.database))
    try:
        return await use(Credentials(ConfigFile(paths.config), store, {}, "https://www.elizacloud.ai"))
    finally:
        await store.close()


async def sign_in(credentials: Credentials) -> None:
    await credentials.save_login(Secret(OLD), "eliza_old", None)
    await credentials.save_identity(Secret(OLD), "user-1", None)
    await credentials.save_desired_agent("agent-1")


def files_with(directory: Path, key: str) -> list[str]:
    return [path.name for path in directory.iterdir() if key.encode() in path.read_bytes()]


def outcome(held: Held, directory: Path) -> str:
    """Say which state it is; anything in between matches none and fails."""
    known = (
        held.key and held.key.reveal(),
        held.key_prefix,
        held.user_id,
        held.desired_agent_id,
        held.enabled,
    )
    left = (files_with(directory, OLD) != [], files_with(directory, NEW) != [])
    return {
        ((OLD, "eliza_old", "user-1", "agent-1", True), (True, False)): "old",
        ((NEW, "eliza_new", None, "agent-1", True), (False, True)): "new",
        ((None, None, None, None, False), (False, False)): "signed out",
    }[known, left]


@pytest.mark.parametrize(("operation", "after"), [("save_login", "new"), ("sign_out", "signed out")])
async def test_a_kill_at_any_line_leaves_the_old_state_or_the_new_one(tmp_path, child, operation, after):
    before = tmp_path / "before"
    before.mkdir()
    (before / "eliza.json").write_text("// mine\n" + json.dumps(MINE))
    await at(before, sign_in)
    (before / "eliza.json.bak").unlink()
    (before / "eliza.json").write_text("// mine\n" + (before / "eliza.json").read_text())
    rng = random.Random(operation)
    lines = [number * SLICE + rng.randint(1, SLICE) for number in range(SLICES)]
    jobs = [(shutil.copytree(before, tmp_path / str(line)), operation, NEW, line) for line in lines]
    printed, _ = await asyncio.to_thread(child("kill", json.dumps(jobs, default=str)).communicate)
    killed = json.loads(printed)
    outcomes = []
    for directory, *_ in jobs:
        raw = ConfigFile(directory / "eliza.json").read()
        assert raw.pop("cloud") in (
            {"apiKey": OLD, "enabled": True},
            {"apiKey": NEW, "enabled": True},
            {"enabled": False},
        )
        assert raw == MINE
        outcomes.append(outcome(await at(directory, Credentials.load), directory))
    turn = outcomes.index(after)
    assert outcomes == ["old"] * turn + [after] * (SLICES - turn)
    assert 0 < turn < sum(killed)  # kills came before the turn and after it
