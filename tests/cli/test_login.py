"""`login`: the address is always printed, the end is always explicit."""

import sys

import pytest
import segno

from eliza_cloud.cli.client.browser import has_browser, open_browser
from eliza_cloud.cli.commands import login as command
from tests.cli.conftest import Answer, in_a_terminal, status

SESSION = {
    "ok": True,
    "sessionId": "s-1",
    "browserUrl": "https://cloud.example.com/auth/cli-login?session=s-1",
}
DONE = {"status": "authenticated", "keyPrefix": "eliza_ab12cd"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(command, "POLL_INTERVAL", 0.001)


@pytest.fixture
def cloud(service):
    service.answers("POST", "/api/cloud/login", SESSION)
    service.answers(
        "POST", "/api/cloud/login/cancel", {"status": "expired", "error": "The login was cancelled."}
    )
    return service


def test_it_prints_the_address_waits_and_says_that_it_succeeded(cloud, run):
    cloud.answers("GET", "/api/cloud/login/status", {"status": "pending"}, {"status": "pending"}, DONE)
    ran = run("login")
    assert ran.code == 0
    assert f"\n  {SESSION['browserUrl']}\n" in ran.out
    assert "✓ Signed in to Eliza Cloud with key eliza_ab12cd…" in ran.out
    assert ran.err == "Waiting for you to sign in (Ctrl-C cancels)\n"
    assert [asked.path for asked in cloud.requests("GET")] == ["/api/cloud/login/status?sessionId=s-1"] * 3


def test_json_is_the_session_and_then_the_end(cloud, run):
    cloud.answers("GET", "/api/cloud/login/status", {"status": "pending"}, DONE)
    assert run("login", "--json").lines == [SESSION, DONE]


@pytest.mark.parametrize("end", ["expired", "error"])
def test_a_login_without_a_key_is_no_success(cloud, run, end):
    cloud.answers("GET", "/api/cloud/login/status", {"status": end, "error": "Session not found or expired"})
    ran = run("login")
    assert ran.code == 4
    assert ran.err.splitlines()[-2:] == [
        "Error: Session not found or expired",
        "Sign in again with `eliza-cloud login`.",
    ]
    assert "Signed in" not in ran.out


def test_interrupting_cancels_the_login_at_the_service(cloud, run, monkeypatch):
    cloud.answers("GET", "/api/cloud/login/status", {"status": "pending"})

    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", interrupt)
    ran = run("login")
    assert ran.code == 130
    assert cloud.asked[-1].path == "/api/cloud/login/cancel"
    assert cloud.asked[-1].body == {"sessionId": "s-1"}
    assert "Traceback" not in ran.err


def test_a_login_that_cannot_begin_says_why(service, run):
    error = {"ok": False, "error": "Failed to reach Eliza Cloud", "code": "cloud_unreachable"}
    service.answers("POST", "/api/cloud/login", Answer(error, 502))
    ran = run("login")
    assert ran.code == 1
    assert ran.err.startswith("Error: Failed to reach Eliza Cloud\nRequest id ")


def browser_that_notes(tmp_path):
    """A browser that writes down what it was asked to open, and its environment."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nenv > {tmp_path}/environment\necho "$1" > {tmp_path}/opened\n')
    program.chmod(0o755)
    return program


def test_the_browser_gets_the_address_and_neither_key_nor_token(tmp_path, monkeypatch, clean_environment):
    monkeypatch.setenv("BROWSER", str(browser_that_notes(tmp_path)))
    monkeypatch.setenv("ELIZAOS_CLOUD_API_KEY", "secret-key")
    monkeypatch.setenv("ELIZAOS_CLOUD_ENABLED", "true")
    monkeypatch.setenv("ELIZA_API_TOKEN", "secret-token")
    opener = open_browser(SESSION["browserUrl"])
    assert opener is not None
    assert opener.wait(20) == 0
    assert (tmp_path / "opened").read_text() == SESSION["browserUrl"] + "\n"
    environment = (tmp_path / "environment").read_text()
    for name in ("ELIZAOS_CLOUD_API_KEY", "ELIZAOS_CLOUD_ENABLED", "ELIZA_API_TOKEN", "secret"):
        assert name not in environment


def test_login_opens_the_browser_unless_told_not_to(cloud, run, monkeypatch):
    opened = []
    monkeypatch.setattr(command, "open_browser", opened.append)
    cloud.answers("GET", "/api/cloud/login/status", DONE)
    run("login")
    assert opened == []
    monkeypatch.setenv("BROWSER", "/bin/true")
    run("login", "--no-browser")
    assert opened == []
    run("login")
    assert opened == [SESSION["browserUrl"]]


def test_only_web_pages_are_opened():
    assert open_browser("file:///etc/passwd") is None


@pytest.mark.parametrize(
    ("environ", "there_is_one"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, False),
        ({"DISPLAY": ":10", "SSH_TTY": "/dev/pts/1"}, False),
        ({"SSH_TTY": "/dev/pts/1", "BROWSER": "remote-browser"}, True),
    ],
)
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="displays are named by variables on Linux only"
)
def test_a_browser_is_opened_only_where_somebody_sees_it(environ, there_is_one):
    assert has_browser(environ) is there_is_one


def test_the_terminal_shows_the_time_left(cloud):
    cloud.answers("GET", "/api/cloud/login/status", {"status": "pending"}, DONE)
    output = in_a_terminal("login", "--yes")
    assert "4:59 left" in output or "5:00 left" in output
    assert "✓ Signed in" in output


@pytest.mark.parametrize(("typed", "begins"), [("y\n", True), ("n\n", False)])
def test_a_terminal_is_told_who_is_signed_in_and_asked(cloud, typed, begins):
    cloud.answers("GET", "/api/cloud/login/status", DONE)
    output = in_a_terminal("login", "--no-browser", typed=[("Sign in anew?", typed)])
    assert "signed in already, as user-123 of org-456." in output
    assert ("✓ Signed in" in output) is begins
    assert bool(cloud.requests("POST")) is begins


def test_a_terminal_is_not_asked_where_nobody_is_signed_in(cloud):
    cloud.answers("GET", "/api/cloud/status", {**status(), "connected": False})
    cloud.answers("GET", "/api/cloud/login/status", DONE)
    assert "✓ Signed in" in in_a_terminal("login", "--no-browser")


def shown_modules(output: str) -> list[list[int]]:
    """The code that was drawn, dark modules as 1, without its margin."""
    halves = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
    drawn = [line[8:].split("\x1b")[0] for line in output.splitlines() if line.startswith("\x1b[97;40m")]
    rows = [[halves[block][half] for block in line] for line in drawn for half in (0, 1)]
    return [row[2:-2] for row in rows[2:]]


def test_a_terminal_shows_the_link_as_a_qr_code_where_asked(cloud):
    cloud.answers("GET", "/api/cloud/login/status", DONE)
    modules = shown_modules(in_a_terminal("login", "--no-browser", "--yes", "--qr"))
    expected = [list(row) for row in segno.make_qr(SESSION["browserUrl"], error="l").matrix]
    assert modules[: len(expected)] == expected
    assert "▀" not in in_a_terminal("login", "--no-browser", "--yes")


def test_without_a_terminal_there_is_no_qr_code(cloud, run):
    cloud.answers("GET", "/api/cloud/login/status", DONE)
    ran = run("login", "--qr")
    assert ran.code == 0
    assert "█" not in ran.out
    assert "A QR code is shown on a terminal only." in ran.err
    assert run("login", "--qr", "--json").lines == [SESSION, DONE]


def test_a_sign_in_that_fails_names_a_proxy_that_is_set_and_not_used(service, run, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://user:secret@proxy.example:3128")
    error = {"ok": False, "error": "Failed to reach Eliza Cloud", "code": "cloud_unreachable"}
    service.answers("POST", "/api/cloud/login", Answer(error, 502))
    ran = run("login")
    assert "https_proxy is set here and not used" in ran.err
    assert "secret" not in ran.out + ran.err
