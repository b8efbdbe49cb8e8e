"""Help and version come at once, and name everything there is."""

import sys
from importlib.metadata import version

import pytest

from tests.harness import processes

VERBS = ["serve", "login", "status", "health", "explain", "events", "wait", "credits", "agents"]
VERBS += ["chat", "backups", "routing"]
VERBS += ["disconnect", "logout", "log-level", "replay", "config", "doctor", "bundle"]
VERBS += ["emulator", "demo", "diagram", "reference", "completion"]
AGENT_VERBS = ["list", "create", "provision", "connect", "suspend", "resume", "shutdown"]


def listed(text: str) -> list[str]:
    return [line.split()[0] for line in text.split("Verbs:\n")[1].split("\n\n", maxsplit=1)[0].splitlines()]


def test_the_verbs_are_those_of_the_interface(run):
    assert listed(run("--help").out) == VERBS
    assert listed(run("agents", "--help").out) == AGENT_VERBS
    assert listed(run("backups", "--help").out) == ["list", "take", "restore"]
    assert listed(run("routing", "--help").out) == ["show", "set", "clear"]
    assert listed(run("config", "--help").out) == ["check", "show", "schema"]


@pytest.mark.parametrize(
    "verb",
    [[verb] for verb in VERBS]
    + [["agents", verb] for verb in AGENT_VERBS]
    + [["backups", verb] for verb in ("list", "take", "restore")]
    + [["routing", verb] for verb in ("show", "set", "clear")]
    + [["config", verb] for verb in ("check", "show", "schema")],
    ids=" ".join,
)
def test_every_verb_can_be_imported_and_says_what_it_does(run, verb):
    ran = run(*verb, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: eliza-cloud {' '.join(verb)}")


def test_the_version_is_that_of_the_package(run):
    assert run("--version").out == f"eliza-cloud {version('eliza-cloud')}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["agents", "--help"]], ids=" ".join)
def test_help_and_version_load_nothing_heavy(arguments):
    program = (
        "import sys; from eliza_cloud.cli.main import main; code = main(sys.argv[1:]); "
        "heavy = {'aiohttp', 'rich', 'transitions', 'structlog'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else code)"
    )
    ran = processes.run(sys.executable, "-c", program, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_client_verb_does_not_load_the_server():
    program = (
        "import sys; from eliza_cloud.cli.main import main; main(['status', '--url', 'http://127.0.0.1:1']); "
        "heavy = {'aiohttp', 'transitions'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    ran = processes.run(sys.executable, "-c", program)
    assert ran.returncode == 0, ran.stderr
