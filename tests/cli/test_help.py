"""Help and version come at once, and name everything there is."""

import sys
from importlib.metadata import version

import pytest

from tests.harness import processes

COMMANDS = ["serve", "login", "status", "health", "explain", "events", "wait", "credits", "agents"]
COMMANDS += ["chat", "backups", "routing"]
COMMANDS += ["disconnect", "logout", "log-level", "logs", "replay", "config", "doctor", "bundle"]
COMMANDS += ["service"]
COMMANDS += ["emulator", "demo", "diagram", "reference", "completion", "help", "version"]
AGENT_COMMANDS = ["list", "create", "provision", "connect", "suspend", "resume", "restart"]
AGENT_COMMANDS += ["upgrade", "rename", "logs", "shutdown"]


def listed(text: str) -> list[str]:
    return [
        line.split()[0] for line in text.split("Commands:\n")[1].split("\n\n", maxsplit=1)[0].splitlines()
    ]


def test_the_commands_are_those_of_the_interface(run):
    assert listed(run("--help").out) == COMMANDS
    assert listed(run("agents", "--help").out) == AGENT_COMMANDS
    assert listed(run("backups", "--help").out) == ["list", "take", "restore"]
    assert listed(run("routing", "--help").out) == ["show", "set", "clear"]
    assert listed(run("config", "--help").out) == ["check", "show", "schema"]


@pytest.mark.parametrize(
    "command",
    [[command] for command in COMMANDS]
    + [["agents", command] for command in AGENT_COMMANDS]
    + [["backups", command] for command in ("list", "take", "restore")]
    + [["routing", command] for command in ("show", "set", "clear")]
    + [["config", command] for command in ("check", "show", "schema")]
    + [["service", command] for command in ("unit", "file")],
    ids=" ".join,
)
def test_every_command_can_be_imported_and_says_what_it_does(run, command):
    ran = run(*command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: eliza-cloud {' '.join(command)}")


def test_the_version_is_that_of_the_package(run):
    assert run("--version").out == run("version").out == f"eliza-cloud {version('eliza-cloud')}\n"


@pytest.mark.parametrize("command", [[], ["status"], ["agents"], ["agents", "create"]], ids=" ".join)
def test_help_is_a_command_and_a_short_option_too(run, command):
    helped = run(*command, "--help")
    assert helped.code == 0
    assert "-h, --help" in helped.out
    assert run(*command, "-h").out == run("help", *command).out == helped.out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["statu"], "No such command 'statu'. Did you mean 'status'?"),
        (["agents", "conect"], "No such command 'conect'. Did you mean 'connect'?"),
        (["help", "agents", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["status", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (
            ["wait", "--for", "conected"],
            "'conected' is not known. Did you mean 'connected' or 'disconnected'?",
        ),
        (["events", "--event", "heartbeat"], "Did you mean 'HeartbeatMissed' or 'HeartbeatAnswered'?"),
        (["log-level", "inf"], "'inf' is not known. Did you mean 'info'?"),
    ],
    ids=" ".join,
)
def test_a_mistyped_word_is_wrong_usage_and_its_neighbour_is_named(run, arguments, hint):
    ran = run(*arguments)
    assert ran.code == 2
    assert hint in ran.err


def test_what_is_near_nothing_is_answered_with_what_there_is(run):
    assert run("xyzzy").err.endswith("Error: No such command 'xyzzy'.\n")
    assert "is not one of 'link', 'login', 'mark'" in run("events", "--kind", "xyzzy").err
    assert run("help", "status", "now").code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["agents", "--help"]], ids=" ".join)
def test_help_and_version_load_nothing_heavy(arguments):
    program = (
        "import sys; from eliza_cloud.cli.main import main; code = main(sys.argv[1:]); "
        "heavy = {'aiohttp', 'rich', 'transitions', 'structlog'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else code)"
    )
    ran = processes.run(sys.executable, "-c", program, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_client_command_does_not_load_the_server():
    program = (
        "import sys; from eliza_cloud.cli.main import main; main(['status', '--url', 'http://127.0.0.1:1']); "
        "heavy = {'aiohttp', 'segno', 'transitions'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    ran = processes.run(sys.executable, "-c", program)
    assert ran.returncode == 0, ran.stderr
