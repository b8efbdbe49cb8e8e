"""The README and the pages: a bounded size, commands that exist, links that lead somewhere."""

import re
import shlex
import tomllib

import pytest

from eliza_cloud.cli.commands.reference.commands import ROOT as PROGRAM
from eliza_cloud.cli.commands.reference.commands import helps
from eliza_cloud.core.problems import ROWS
from tests.docs.pages import README, REFERENCE, ROOT, WALKED, blocks, page, spans

HELP = dict(helps())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TEST_COMMAND = re.compile(r"^python3 -m venv .*pytest.*$", re.MULTILINE)
PAGES = {"README": README, **{name: page(name) for name in WALKED}}
WHOLE_MACHINE = {"mkdir", "systemctl", "loginctl", "python3", "/opt/eliza-cloud/bin/pip"}
"""What `console` blocks do to a whole machine, besides our own commands: they are read, not run."""


def test_the_readme_is_short():
    assert len(README.encode()) <= 10 * 1024


def test_the_readme_holds_one_test_command_and_it_installs_what_the_tests_need():
    [line] = TEST_COMMAND.findall(README)
    for part in line.split(" && ")[1:]:
        program, *arguments = shlex.split(part)
        match program:
            case ".venv/bin/pip":
                assert arguments[0] == "install"
                [project] = [one for one in arguments[1:] if not one.startswith("-")]
                found = re.fullmatch(r"\.\[(\w+)\]", project)
                assert found[1] in PROJECT["project"]["optional-dependencies"]
            case _:
                assert program == ".venv/bin/pytest"


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_of_a_known_kind(name):
    """`bash` is pasted by a test, `console` read, and the others are not for a shell."""
    languages = {block.language for block in blocks(PAGES[name], *("bash", "console", "sh", "shell", "zsh"))}
    assert languages <= {"bash", "console"}
    for block in blocks(PAGES[name], "bash"):
        assert "#" not in block.text, "zsh takes no comment from a keyboard"
        assert "!" not in block.text, "which an interactive shell expands"


def test_what_is_done_to_a_whole_machine_uses_programs_and_files_that_exist():
    lines = [line for text in PAGES.values() for block in blocks(text, "console") for line in block.commands]
    assert len(lines) >= 10
    for line in lines:
        program = line.split()[0]
        if program.rpartition("/")[2] == PROGRAM:
            check_command(line.partition("/bin/")[2] or line)
        else:
            assert program in WHOLE_MACHINE, line


def check_command(text: str) -> None:
    """The command is one, and its options are its own."""
    words = tuple(re.split(r"\s*[|>]", text)[0].split())
    depth = max(n for n in range(1, len(words) + 1) if words[:n] in HELP)
    shown = HELP[words[:depth]]
    assert "COMMAND [ARGS]" not in shown or depth == len(words) or words[depth].startswith(("-", "…")), text
    for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", " ".join(words[depth:])):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown), f"{option} of {text}"


def test_every_command_that_is_named_exists():
    texts = [span for text in PAGES.values() for span in spans(text)]
    texts += [span for one in ROWS.values() for span in spans(one.remedy)]
    texts += [line for text in PAGES.values() for block in blocks(text, "bash") for line in block.commands]
    named = [text[text.index(f"{PROGRAM} ") :] for text in texts if re.search(rf"(^| ){PROGRAM} ", text)]
    assert len(named) > 60
    for text in named:
        check_command(text)


def links(text: str) -> list[str]:
    return re.findall(r"\]\((?!https?:)([^)]+)\)", text)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    directory = ROOT if name == "README" else REFERENCE
    for link in links(PAGES[name]):
        path, _, anchor = link.partition("#")
        assert not path or (directory / path).exists(), link
        target = (directory / path).read_text("utf-8") if path else PAGES[name]
        assert not anchor or anchor in anchors(target), link


def test_pages_link_to_pages_alone_as_they_are_shown_without_the_repository():
    for name in WALKED:
        for link in links(page(name)):
            path = link.partition("#")[0]
            assert "/" not in path, f"{link} on the page {name}"
            assert not path or path.endswith(".md")


def test_every_page_that_the_readme_links_to_is_named_as_the_command_prints_it():
    pages = re.findall(r"\]\(eliza_cloud/reference/([\w-]+)\.md\)", README)
    assert set(WALKED) <= set(pages)
    for name in pages:
        assert f"`{PROGRAM} reference {name}`" in README
