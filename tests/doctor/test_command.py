"""`doctor` and `bundle` as a person uses them."""

import json
import re
import stat
import zipfile
from hashlib import sha256

import pytest

from eliza_cloud.store.sqlite.database import Database
from eliza_cloud.store.sqlite.journal import Line, SqliteJournal
from tests.doctor.conftest import kept_environment, served
from tests.harness.ports import free_port
from tests.harness.processes import CLI, started

TOKEN = "canary-token-0a1b2c3d4e5f67"


async def run(machine, *arguments):
    async with started(*CLI, *arguments, env=kept_environment(machine)) as process:
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def members(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
async def keep_journal(machine):
    """Write lines into the journal; it goes with the test, for no event ever left them there."""

    async def keep(*texts):
        database = Database(machine.state / "agent.sqlite3")
        lines = [Line(number, 1e9, text) for number, text in enumerate(texts, 1)]
        await SqliteJournal(database).append(lines)
        await database.close()

    yield keep
    (machine.state / "agent.sqlite3").unlink()


async def test_a_calm_table_and_exit_code_0_when_nothing_fails(machine, cloud):
    machine.settings(apiKey=cloud.key)
    code, out, err = await run(machine, "doctor")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert re.match(r"PASS  settings +\S", lines[0])
    assert [line for line in lines if line.startswith("PASS  key  ")] != []
    assert "FAIL" not in out
    assert lines[-1] == "All checks passed."


async def test_a_failure_stands_with_its_remedy_below_and_the_exit_code_is_1(machine):
    machine.environ["ELIZAOS_CLOUD_BASE_URL"] = f"http://127.0.0.1:{free_port()}"
    code, out, _ = await run(machine, "doctor")
    lines = out.splitlines()
    row = next(number for number, line in enumerate(lines) if line.startswith("FAIL  base URL"))
    assert code == 1
    assert lines[row + 1].strip().startswith("→ Check this machine's network")
    assert lines[-1] == "1 of 12 checks fails."


async def test_json_holds_the_whole_report(machine, cloud):
    code, out, _ = await run(machine, "doctor", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["ok"] is True
    assert len(report["checks"]) == 12
    assert set(report["checks"][0]) == {"check", "result", "found", "code", "remedy"}


async def test_a_bundle_holds_what_a_running_service_says(machine, cloud, tmp_path):
    machine.settings(apiKey=cloud.key)
    async with served(machine):
        code, out, err = await run(machine, "bundle", "-o", str(tmp_path / "b.zip"))
    assert (code, err) == (0, "")
    assert str(tmp_path / "b.zip") in out
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    found = members(tmp_path / "b.zip")
    manifest = json.loads(found["manifest.json"])
    told = {file["name"] for file in manifest["files"]}
    assert told == set(found) - {"manifest.json"}
    assert told >= {"doctor.json", "settings.json", "versions.json", "environment.json", "status.json"}
    for file in manifest["files"]:
        content = found[file["name"]]
        assert (file["size"], file["sha256"]) == (len(content), sha256(content).hexdigest())
        assert file["name"] in out
    assert json.loads(found["status.json"])["connection"]["state"] == "disconnected"
    assert json.loads(found["settings.json"])["shown"]["cloud"] == {"apiKey": "[redacted]"}
    names = {file["name"]: file["mode"] for file in json.loads(found["state-directory.json"])["files"]}
    assert names["api-token"] == names["agent.sqlite3"] == "0600"


async def test_without_a_service_the_journal_comes_from_the_database_and_the_rest_is_named(
    machine, cloud, tmp_path, keep_journal
):
    machine.settings()
    await keep_journal('{"seq":1}', '{"seq":2}')
    code, out, _ = await run(machine, "bundle", "--json", "-o", str(tmp_path / "b.zip"))
    told = json.loads(out)
    found = members(tmp_path / "b.zip")
    assert code == 0
    assert told["path"] == str(tmp_path / "b.zip")
    assert told["manifest"] == json.loads(found["manifest.json"])
    assert found["journal.jsonl"] == b'{"seq":1}\n{"seq":2}\n'
    missing = {one["name"]: one["why"] for one in told["manifest"]["leftOut"]}
    of_the_service = {"status.json", "health.json", "explain.json", "log-level.json", "installation.json"}
    assert set(missing) == {*of_the_service, "metrics.txt"}
    assert "nothing listens there" in missing["status.json"]


async def test_broken_settings_are_left_out_because_what_is_secret_in_them_is_not_known(
    machine, cloud, tmp_path
):
    machine.write('{"cloud": {"apiKey": "canary-of-no-shape-at-all"')
    await run(machine, "bundle", "-o", str(tmp_path / "b.zip"))
    found = members(tmp_path / "b.zip")
    missing = {one["name"] for one in json.loads(found["manifest.json"])["leftOut"]}
    assert "settings.json" in missing
    assert b"canary-of-no-shape-at-all" not in b"".join(found.values())


async def test_an_existing_file_is_not_overwritten(machine, cloud, tmp_path):
    (tmp_path / "b.zip").write_text("mine")
    code, _, err = await run(machine, "bundle", "-o", str(tmp_path / "b.zip"))
    assert code == 1
    assert "b.zip cannot be written: File exists" in err
    assert (tmp_path / "b.zip").read_text() == "mine"


@pytest.mark.parametrize("is_running", [False, True])
async def test_no_piece_of_key_or_token_is_in_a_bundle(machine, cloud, tmp_path, keep_journal, is_running):
    both = f"{cloud.key} {TOKEN}"
    machine.environ |= {"ELIZA_API_TOKEN": TOKEN, "ELIZA_ALLOWED_HOSTS": f"{TOKEN}.example"}
    document = {
        "cloud": {"apiKey": cloud.key, "agentId": both, "services": {"copy": [both, {both: 1}]}},
        "models": {"small": f"https://me:{TOKEN}@models.example/{cloud.key}"},
        "serviceRouting": {},
        "env": {"NOTE": both},
        both: both,
    }
    machine.write(json.dumps(document))
    entry = {
        "kind": "link",
        "at": 1.0,
        "by": "monitor",
        "event": {"event": "Stop"},
        "chance": 0.5,
        "outcome": "stayed",
        "source": "error",
        "state": "error",
        "epoch": 1,
    }
    await keep_journal(
        json.dumps({**entry, "seq": 1, "why": both, "apiKey": cloud.key}),
        json.dumps({**entry, "seq": 2, "why": both[4:-4]}),
    )
    (machine.state / f"{cloud.key}.log").write_text(both)
    (machine.state / "service.log").write_text(both)
    if is_running:
        async with served(machine):
            await run(machine, "bundle", "-o", str(tmp_path / "b.zip"))
    else:
        await run(machine, "bundle", "-o", str(tmp_path / "b.zip"))
    found = members(tmp_path / "b.zip")
    everything = (tmp_path / "b.zip").read_bytes() + b"".join(found.values())
    assert json.loads(found["manifest.json"])["redacted"] >= 8
    assert b'"seq":2' in found["journal.jsonl"].replace(b" ", b"")
    for secret in (cloud.key.encode(), TOKEN.encode()):
        pieces = {secret[start : start + 16] for start in range(len(secret) - 15)}
        assert {piece for piece in pieces if piece in everything} == set()
    assert b"://me:" not in everything


async def test_a_password_in_an_address_is_hidden(machine, cloud, tmp_path):
    machine.write(json.dumps({"models": {"small": "https://me:hunter2@models.example/"}}))
    await run(machine, "bundle", "-o", str(tmp_path / "b.zip"))
    settings = json.loads(members(tmp_path / "b.zip")["settings.json"])
    assert settings["shown"]["models"]["small"] == "https://[redacted]@models.example/"
