"""A start, `config check` and the doctor judge the environment alike, and in the same words."""

import json
import os

import pytest

from tests.harness.ports import free_port
from tests.harness.processes import CLI, run

EXPECTED = "expected a port number from 0 to 65535, found"
LINK = (
    f'ELIZA_PORT: {EXPECTED} "tcp://10.96.7.1:2138", which Kubernetes sets for a Service of that name; set'
    " `enableServiceLinks: false` in the pod, or ELIZA_PORT to a port."
)
DIRECTORY = (
    "ELIZA_CONFIG_PATH: expected a file, found the directory {directory}; set it to a file in there, such as"
    " eliza.json."
)
REFUSED = {
    "a Service of Kubernetes": ({"ELIZA_PORT": "tcp://10.96.7.1:2138"}, LINK),
    "a port that is none": ({"ELIZA_API_PORT": "70000"}, f'ELIZA_API_PORT: {EXPECTED} "70000".'),
    "a log level that is none": ({"ELIZA_LOG_LEVEL": "loud"}, "ELIZA_LOG_LEVEL: "),
    "a key that is none": (
        {"ELIZAOS_CLOUD_API_KEY": "12\u00e9"},
        "ELIZAOS_CLOUD_API_KEY: expected printable ASCII characters; set it again or unset it.",
    ),
    "a directory instead of the file": ({"ELIZA_CONFIG_PATH": "{directory}"}, DIRECTORY),
}


@pytest.fixture
def environ(tmp_path):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ELIZA_STATE_DIR": str(tmp_path / "state"),
        "ELIZA_API_PORT": str(free_port()),
        "ELIZA_PORT": str(free_port()),
        "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
        "ELIZAOS_CLOUD_BASE_URL": "http://127.0.0.1:9",
    }


def settings_of_the_doctor(environ):
    report = json.loads(run(*CLI, "doctor", "--json", env=environ).stdout)
    [found] = [one for one in report["checks"] if one["check"] == "settings"]
    return found


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_start_refuses_the_check_and_the_doctor_name_too(environ, tmp_path, case):
    variables, sentence = REFUSED[case]
    environ |= {name: value.format(directory=tmp_path) for name, value in variables.items()}
    sentence = sentence.format(directory=tmp_path)
    served = run(*CLI, "serve", env=environ)
    assert served.returncode == 2
    assert sentence in served.stderr.splitlines()[-1]
    checked = run(*CLI, "config", "check", env=environ)
    assert checked.returncode == 2
    assert sentence in checked.stdout
    found = settings_of_the_doctor(environ)
    assert found["result"] == "FAIL"
    assert found["found"].startswith(sentence)


def test_a_file_that_is_not_there_is_a_warning_of_both(environ, tmp_path):
    missing = tmp_path / "elsewhere" / "eliza.json"
    environ["ELIZA_CONFIG_PATH"] = str(missing)
    checked = run(*CLI, "config", "check", env=environ)
    assert checked.returncode == 0
    assert f"There is no {missing}. Correct ELIZA_CONFIG_PATH" in checked.stdout
    found = settings_of_the_doctor(environ)
    assert (found["result"], found["code"]) == ("PASS", "config_file_missing")
