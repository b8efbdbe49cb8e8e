"""Every command line of the README does what it should, on a machine of its own."""

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from eliza_cloud.api.openapi.error_codes import ERROR_CODES
from eliza_cloud.cli.commands.reference.commands import ROOT, helps
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.core.problems import PROBLEMS
from tests.docs.readme import README, spans
from tests.docs.walk import SESSION, Machine, blocks

REPOSITORY = Path(__file__).parents[2]
HELP = dict(helps())
VENV = "python3 -m venv .venv"
ANOTHER_MACHINE = ("sudo ", "systemctl ", "docker ", "journalctl ", "promtool ")
"""What changes or asks a whole machine: it is not run; the files it names have to be there."""
FOLLOWING = ("--follow",)
SERVE, EMULATOR, LOGIN = "eliza-cloud serve", "eliza-cloud emulator", "eliza-cloud login"
STATUS = "eliza-cloud status"
CONNECT = "eliza-cloud agents connect my-cloud-agent"


@pytest.fixture
def machine(tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("NOT TESTED HERE, as curl is not installed: the command lines of the README")
    machine = Machine(tmp_path)
    yield machine
    machine.close()


@pytest.mark.parametrize("way", ["command", "curl"])
def test_the_readme_can_be_walked_from_top_to_bottom(machine, way):
    """Where a command and the call behind it stand together, each way takes its own."""
    all_blocks = blocks()
    [emulator] = [line for block in all_blocks for line in block.commands if line.startswith(EMULATOR)]
    machine.start("emulator", emulator)
    ran = 0
    for index, block in enumerate(all_blocks):
        before_call = index + 1 < len(all_blocks) and all_blocks[index + 1].follows_block
        if block.follows_block and block.is_curl and way == "command":
            continue
        if before_call and all_blocks[index + 1].is_curl and way == "curl":
            continue
        if block.heading == "## Backups":  # the walk through the steps has just disconnected
            machine.sign_in(LOGIN)
            machine.shell(CONNECT)
        for line in block.commands:
            run(machine, line, block.answer)
            ran += 1
    assert ran >= 18
    machine.stop("service")
    machine.stop("emulator")


def run(machine: Machine, line: str, answer) -> None:  # noqa: PLR0912 - a branch for each kind
    """Run one line in the way of its kind; a line of no kind that is known fails."""
    if line.startswith(VENV):
        check_installation(line)
    elif line.startswith(ANOTHER_MACHINE):
        check_files(line)
    elif line.startswith(EMULATOR):
        assert "emulator" in machine.running
    elif line.endswith(SERVE):
        if "service" in machine.running:
            machine.stop("service")
        machine.start("service", line)
    elif line.startswith("export "):
        name = re.match(r"export (\w+)=", line)[1]
        machine.environment[name] = machine.shell(f'{line}; printf %s "${name}"')
        assert machine.environment[name]
    elif line == LOGIN:
        machine.sign_in(line)
    elif line.startswith("curl "):
        call(machine, line, answer)
    elif any(word in line.split() for word in FOLLOWING):
        machine.follow(line)
    elif " tar -" in line:  # "Stop the service, copy the state directory"
        if "service" in machine.running:
            machine.stop("service")
        machine.shell(f"{line}; test -s ~/.eliza/agent.sqlite3 -a -s eliza-backup.tar.gz")
    elif line == STATUS:
        machine.shell(f"{line} || test $? = {ExitCode.NOT_LINKED:d}")  # 0 is for a link that stands
    else:
        assert re.match(r"(source <\()?eliza-cloud ", line), f"teach this test to run: {line}"
        machine.shell(line)


def call(machine: Machine, line: str, answer) -> None:
    """Make an HTTP call; the answer has the members that the README shows."""
    said = json.loads(machine.shell(line))
    if answer is not None and not line.endswith("'"):
        assert members(said) == members(answer), line
    if "sessionId" in said:
        machine.session = said["sessionId"]
        machine.approve()
    if "agent" in said:
        machine.environment["AGENT_ID"] = said["agent"]["id"]  # as the text below says
    if SESSION in line:
        assert said["status"] in {"pending", "authenticated"}
        while said["status"] == "pending":
            said = json.loads(machine.shell(line))
        assert said["status"] == "authenticated"


def members(value):
    """The names in an answer, at every depth."""
    return {name: members(inner) for name, inner in value.items()} if isinstance(value, dict) else None


def check_installation(line: str) -> None:
    """What is installed is this project with extras it has; what runs then is a verb, or the tests."""
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for part in line.split(" && ")[1:]:
        program, *arguments = shlex.split(part)
        match program:
            case ".venv/bin/pip":
                assert arguments[0] == "install"
                [project] = [one for one in arguments[1:] if not one.startswith("-")]
                found = re.fullmatch(r"\.(?:\[(\w+)\])?", project)
                assert found[1] is None or found[1] in extras
            case ".venv/bin/eliza-cloud":
                check_command(f"{ROOT} {shlex.join(arguments)}")
            case _:
                assert program == ".venv/bin/pytest"


def check_files(line: str) -> None:
    for path in re.findall(r"\b(?:config|eliza_cloud)/[\w./-]+", line):
        assert (REPOSITORY / path).exists(), line


def check_command(text: str) -> None:
    """The verb is one, and its options are its own."""
    words = tuple(text.partition("|")[0].split())
    depth = max(n for n in range(1, len(words) + 1) if words[:n] in HELP)
    shown = HELP[words[:depth]]
    assert "COMMAND [ARGS]" not in shown or depth == len(words) or words[depth].startswith(("-", "…")), text
    for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", " ".join(words[depth:])):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown), f"{option} of {text}"


def test_every_command_that_is_named_exists():
    texts = [*spans(README), *(span for one in PROBLEMS.values() for span in spans(one.remedy))]
    texts += [span for one in ERROR_CODES.values() for span in spans(one.remedy)]
    texts += [line.split("=", 1)[-1] for block in blocks() for line in block.commands]
    named = [text[text.index(f"{ROOT} ") :] for text in texts if re.search(rf"(^| ){ROOT} ", text)]
    assert len(named) > 40
    for text in named:
        check_command(text)


def test_every_link_of_the_readme_leads_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert len(links) > 8
    for link in links:
        path, _, anchor = link.partition("#")
        assert not path or (REPOSITORY / path).exists(), link
        assert not anchor or path or anchor in headings, link
