"""`eliza-cloud service`: the unit of this installation, and the files for operating it."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from eliza_cloud.cli.commands.service.unit import system_unit, user_unit
from tests.harness import processes

DEPLOY = Path(__file__).parents[2] / "eliza_cloud" / "deploy"
PROGRAM = Path(sys.executable).parent / "eliza-cloud"
ODD = "a b%c$d;e#f(g)"


def changed(name: str, text: str) -> dict[str, str]:
    """The lines that differ from the file of this name, by what they were."""
    before, after = (DEPLOY / name).read_text().splitlines(), text.splitlines()
    return {old: new for old, new in zip(before, after, strict=True) if old != new}


def test_the_machines_unit_starts_the_installed_program(run):
    ran = run("service", "unit")
    assert ran.code == 0
    assert changed("eliza-cloud.service", ran.out) == {
        "ExecStart=/opt/eliza-cloud/bin/eliza-cloud serve": f"ExecStart={PROGRAM} serve"
    }


@pytest.mark.parametrize("given", [None, "/srv/eliza"])
def test_the_users_unit_has_the_state_where_the_users_commands_look_for_it(run, monkeypatch, tmp_path, given):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ELIZA_STATE_DIR", raising=False)
    if given:
        monkeypatch.setenv("ELIZA_STATE_DIR", given)
    state = given or tmp_path / ".eliza"
    ran = run("service", "unit", "--user")
    assert (ran.code, ran.err) == (0, "")
    assert changed("eliza-cloud.user.service", ran.out) == {
        "ExecStart=%h/.local/bin/eliza-cloud serve": f"ExecStart={PROGRAM} serve",
        "Environment=ELIZA_STATE_DIR=%h/.eliza": f"Environment=ELIZA_STATE_DIR={state}",
    }


@pytest.mark.parametrize("place", ["/home/ada/eliza", "/root/.local/bin", "/tmp/x"])
def test_a_program_that_a_system_service_cannot_reach_is_warned_of(run, monkeypatch, place):
    monkeypatch.setattr(
        "eliza_cloud.cli.commands.service.unit.installed_program", lambda: Path(place, "eliza-cloud")
    )
    ran = run("service", "unit")
    assert ran.code == 0
    assert f"Warning: {place}/eliza-cloud is not accessible to a system service." in ran.err
    assert "--user" in ran.err
    assert "Warning" not in run("service", "unit", "--user").err


def test_odd_paths_are_written_as_systemd_reads_them():
    unit = user_unit(Path("/opt/50% off/eliza-cloud"), Path('/srv/a "b" \\ c'))
    assert 'ExecStart="/opt/50%% off/eliza-cloud" serve\n' in unit
    assert 'Environment="ELIZA_STATE_DIR=/srv/a \\"b\\" \\\\ c"\n' in unit


@pytest.mark.parametrize("directory", ["plain", ODD])
def test_systemd_finds_the_program_in_what_is_printed(tmp_path, directory):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed, so the printed unit is NOT VERIFIED")
    program = tmp_path / directory / "eliza-cloud"
    program.parent.mkdir()
    program.symlink_to(PROGRAM)
    unit = tmp_path / "eliza-cloud.service"
    for text, missing in ((system_unit(program), False), (system_unit(program.with_name("gone")), True)):
        unit.write_text(text)
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        ran = processes.run("systemd-analyze", "verify", unit, env=environ)
        complaints = [line for line in ran.stderr.splitlines() if unit.name in line]
        assert bool(complaints) == missing, complaints


def test_a_path_that_systemd_takes_for_no_program_is_refused(run, monkeypatch):
    monkeypatch.setattr(
        "eliza_cloud.cli.commands.service.unit.installed_program", lambda: Path('/opt/"b"/eliza-cloud')
    )
    ran = run("service", "unit", "--user")
    assert (ran.code, ran.out) == (1, "")
    assert "contains quotes or backslashes" in ran.err
    assert "another directory" in ran.err


def test_every_file_for_operating_it_is_printed_as_it_is(run):
    names = sorted(path.name for path in DEPLOY.iterdir() if path.suffix != ".service")
    assert {"prometheus-alerts.yml", "grafana-dashboard.json", "eliza.schema.json"} <= set(names)
    about = run("service", "file", "--help").out
    for name in names:
        assert f"`{name}`" in about
        assert run("service", "file", name).out == (DEPLOY / name).read_text("utf-8")
    assert json.loads(run("service", "file", "grafana-dashboard.json").out)["panels"]
    refused = run("service", "file", "other")
    assert refused.code == 2
    assert "prometheus-alerts.yml" in refused.err
