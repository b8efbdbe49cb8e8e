"""The systemd units: valid, hardened, and agreeing with what the service does."""

import os
import re
import shutil
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from eliza_cloud.cli.main import eliza_cloud
from eliza_cloud.daemon.exit_codes import ServiceExitCode
from eliza_cloud.daemon.service import STOP_BUDGET
from eliza_cloud.routing.config.settings import VARIABLES
from eliza_cloud.store.config.setting_types import TakesEffect
from tests.harness.processes import run

DEPLOY = Path(__file__).parents[2] / "eliza_cloud" / "deploy"
UNITS = {"eliza-cloud.service": "--system", "eliza-cloud.user.service": "--user"}
MOST_EXPOSED = 2.0


class Options(dict):
    """A section whose repeated options are kept, one a line."""

    def __setitem__(self, name, value):
        if isinstance(value, list) and name in self:
            self[name].extend(value)
        else:
            super().__setitem__(name, value)


def read(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False, dict_type=Options, delimiters=("=",))
    parser.optionxform = str
    parser.read_string((DEPLOY / name).read_text())
    return parser


@pytest.fixture
def analyze(tmp_path, figure):
    """Give a function that runs systemd-analyze."""
    if shutil.which("systemd-analyze") is None:
        figure("NOT VERIFIED: eliza_cloud/deploy/*.service, because systemd-analyze is not installed")
        pytest.skip("systemd-analyze is not installed, so the units are NOT VERIFIED")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    return lambda *arguments: run("systemd-analyze", *arguments, env=environ)


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_it(analyze, tmp_path, name):
    text = (DEPLOY / name).read_text()
    program = tmp_path / "eliza-cloud"
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o755)
    placed, count = re.subn(r"(?m)^ExecStart=\S+", f"ExecStart={program}", text)
    assert count == 1
    unit = tmp_path / "eliza-cloud.service"
    unit.write_text(placed)
    ran = analyze(UNITS[name], "verify", str(unit))
    complaints = [line for line in (ran.stdout + ran.stderr).splitlines() if unit.name in line]
    assert (ran.returncode, complaints) == (0, [])
    unit.write_text(placed.replace("Restart=on-failure", "Restart=perhaps"))
    assert "perhaps" in analyze(UNITS[name], "verify", str(unit)).stderr


def test_it_is_exposed_to_little(analyze, figure):
    ran = analyze("security", "--offline=true", str(DEPLOY / "eliza-cloud.service"))
    exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", ran.stdout).group(1))
    figure(f"{exposure} of 10: exposure of eliza-cloud.service by systemd-analyze security")
    assert exposure <= MOST_EXPOSED


@pytest.mark.parametrize("name", UNITS)
def test_it_agrees_with_the_service(name):
    service = read(name)["Service"]
    assert service["Type"] == "notify"
    program, *command = service["ExecStart"].split()
    assert Path(program).name == "eliza-cloud"
    assert command == ["serve"]
    assert command[0] in eliza_cloud.list_commands(None)
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["Restart"] == "on-failure"
    prevented = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert prevented == {ServiceExitCode.USAGE, ServiceExitCode.ALREADY_RUNNING}
    assert float(service["TimeoutStopSec"]) > STOP_BUDGET
    assert float(service["WatchdogSec"]) > STOP_BUDGET
    assert service["NoNewPrivileges"] == "yes"


def test_the_state_of_the_machines_service_is_where_systemd_makes_it():
    service = read("eliza-cloud.service")["Service"]
    assert service["StateDirectory"] == "eliza-cloud"
    assert service["Environment"] == "ELIZA_STATE_DIR=%S/eliza-cloud"
    assert service["StateDirectoryMode"] == "0700"
    assert service["DynamicUser"] == "yes"
    assert "ProcSubset" not in service, "which would take /proc/stat away, and with it the process_… metrics"


def test_the_example_of_an_environment_names_every_variable_of_the_service_with_a_sentence():
    paragraphs = (DEPLOY / "eliza-cloud.env.example").read_text().strip().split("\n\n")
    head, *rest = paragraphs
    assert all(line.startswith("# ") for line in head.splitlines())
    found = {}
    for paragraph in rest:
        about, setting = paragraph.splitlines()
        assert re.fullmatch(r"# \S.*\.", about), about
        name, _, value = setting.removeprefix("#").partition("=")
        assert setting.startswith("#"), "nothing is set unless somebody takes the sign away"
        found[name] = value
    expected = {
        one.name: one.default or "" for one in VARIABLES if one.takes_effect is not TakesEffect.EACH_COMMAND
    }
    assert list(found) == list(expected)
    for name, default in expected.items():
        assert found[name] == ("" if " " in default else default), name
