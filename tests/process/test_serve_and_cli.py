"""The CLI against the real service and a real server of either generation, each in its own process."""

import json

from tests.process.conftest import interrupt

LIMITS = ("--max-hourly", "0.01", "--max-start", "0.02")
"""What a start costs in the newest generation."""


def test_the_whole_way_of_an_agent(any_deployment):
    """Sign in, create, connect, chat, back up, restore, suspend, resume, delete, sign out."""
    cli = any_deployment
    assert cli.run("status").code == 4
    assert cli.run("agents", "list").code == 4
    assert cli.login().code == 0
    created = cli.run("agents", "create", "ada", "--env", "A=1", "--dedicated", *LIMITS, "--json")
    assert created.code == 0
    agent = created.json["agent"]["id"]
    assert cli.run("status").code in {4, 5}
    assert cli.run("chat", "hello").code == 5

    connected = cli.run("agents", "connect", "ada", *LIMITS)
    assert (connected.code, connected.out) == (0, f"✓ Connected to ada ({agent}).\n")
    assert cli.run("status").code == 0
    assert "connected" in cli.run("agents", "list").out

    assert cli.run("chat", "My name is Ada.").code == 0
    assert cli.run("chat", "What is my name?").out == "Your name is Ada.\n"
    assert cli.run("backups", "take").code == 0
    backup = cli.run("backups", "list", "--json").json["backups"][0]["id"]
    assert cli.run("chat", "My name is Grace.").code == 0
    restored = cli.run("backups", "restore", "--backup", backup)
    assert (restored.code, restored.out) == (0, f"✓ Restored from backup {backup}.\n")
    assert cli.run("chat", "--json", "What is my name?").json == {
        "text": "Your name is Ada.",
        "agentName": "ada",
    }

    assert cli.run("agents", "suspend", "ada").code == 0
    assert cli.run("status").code == 5
    assert cli.run("agents", "resume", "ada", *LIMITS).code == 0
    assert cli.run("agents", "provision", "ada", *LIMITS).code == 0
    assert cli.run("agents", "shutdown", "ada").code == 2
    assert cli.run("agents", "shutdown", "ada", "--yes").code == 0
    assert cli.run("agents", "list", "--json").json["agents"] == []

    assert cli.run("logout").code == 0
    assert cli.run("status").code == 4


def test_a_wrong_token_is_refused_and_the_right_one_is_not_delayed(deployment):
    for _ in range(3):
        assert deployment.run("disconnect", ELIZA_API_TOKEN="wrong").code == 6
    assert deployment.run("disconnect").code == 0


def test_interrupting_a_login_cancels_it(deployment):
    with deployment.start("login", "--json", "--no-browser") as process:
        session = json.loads(process.stdout.readline())["sessionId"]
        process.stderr.readline()
        code, out, err = interrupt(process)
    assert (code, out, err.strip()) == (130, "", "")
    token = (deployment.state_dir / "api-token").read_text().strip()
    assert token not in err
    again = deployment.login()
    assert again.code == 0
    assert session not in again.out


def test_interrupting_a_connect_ends_the_wait_and_not_the_connect(slow_deployment):
    assert slow_deployment.login().code == 0
    agent = slow_deployment.run("agents", "create", "ada", "--json").json["agent"]["id"]
    with slow_deployment.start("agents", "connect", agent) as process:
        line = process.stderr.readline()
        code, out, err = interrupt(process)
    assert "link ◌ connecting" in line
    assert (code, out, err.strip()) == (130, "", "")
    assert slow_deployment.run("status", "--json").json["connection"]["state"] == "connecting"


def test_a_second_service_is_refused_by_name_of_the_first(deployment):
    ran = deployment.run("serve", "--port", "0")
    assert ran.code == 3
    assert "Traceback" not in ran.err
