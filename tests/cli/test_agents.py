"""The commands about agents: what they ask the service, and what they say."""

import json
import threading

import pytest

from eliza_cloud.cli.client import http as client
from tests.cli.conftest import AGENT, Answer, status

OTHER = "99999999-2222-4333-8444-555555555555"
AGENTS = {
    "ok": True,
    "agents": [
        {
            "id": AGENT,
            "agentName": "ada",
            "status": "running",
            "executionTier": "shared",
            "createdAt": "2026-11-23T10:00:00.000Z",
        },
        {"id": OTHER, "agentName": None, "status": "stopped"},
    ],
}


@pytest.fixture
def cloud(service):
    service.answers("GET", "/api/cloud/agents", AGENTS)
    return service


def test_the_list_marks_the_linked_agent(cloud, run):
    lines = run("agents", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "TIER", "LINK", "CREATED", "ID"]
    assert lines[1].split()[:4] == ["ada", "running", "shared", "connected"]
    assert lines[1].endswith(AGENT)
    assert lines[2].split()[:3] == ["-", "stopped", "-"]


def test_the_list_in_json_is_the_services_body(cloud, run):
    assert run("agents", "list", "--json").lines == [AGENTS]
    assert [asked.path for asked in cloud.asked] == ["/api/cloud/agents"]


def test_an_empty_list_says_how_to_begin(service, run):
    service.answers("GET", "/api/cloud/agents", {"ok": True, "agents": []})
    assert "eliza-cloud agents create NAME" in run("agents", "list").out


def test_create_sends_name_configuration_and_variables(service, run, tmp_path, monkeypatch):
    service.answers(
        "POST", "/api/cloud/agents", Answer({"ok": True, "agent": {"id": AGENT, "agentName": "ada"}}, 201)
    )
    (tmp_path / "agent.json").write_text('{"bio": ["born in München"]}')
    monkeypatch.setenv("FROM_HERE", "x=y")
    ran = run(
        "agents",
        "create",
        "ada",
        "--config",
        str(tmp_path / "agent.json"),
        "--env",
        "A=1=2",
        "--env",
        "FROM_HERE",
    )
    assert ran.code == 0
    assert service.requests("POST")[0].body == {
        "agentName": "ada",
        "agentConfig": {"bio": ["born in München"]},
        "environmentVars": {"A": "1=2", "FROM_HERE": "x=y"},
    }
    assert ran.out.splitlines() == [
        f"✓ Created ada ({AGENT}).",
        f"Connect to it: eliza-cloud agents connect {AGENT}",
    ]


def test_an_existing_agent_is_not_passed_off_as_a_new_one(service, run):
    body = {"ok": True, "created": False, "agent": {"id": AGENT, "agentName": "old"}}
    service.answers("POST", "/api/cloud/agents", body)
    ran = run("agents", "create", "new")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"The cloud created nothing: it returned the existing agent old ({AGENT}).",
        "For a new one: eliza-cloud agents create new --force",
    ]
    assert run("agents", "create", "new", "--json").lines == [body]


def test_force_asks_for_a_new_one(service, run):
    service.answers("POST", "/api/cloud/agents", {"ok": True, "agent": {"id": AGENT, "agentName": "new"}})
    run("agents", "create", "new", "--force")
    assert service.requests("POST")[0].body["forceCreate"] is True


def test_create_sends_what_was_asked_for_and_nothing_else(service, run):
    service.answers("POST", "/api/cloud/agents", {"ok": True, "agent": {"id": AGENT, "agentName": "new"}})
    options = ("--dedicated", "--character", OTHER, "--image", "ghcr.io/x@sha256:1", "--no-start")
    assert run("agents", "create", "new", *options).code == 0
    assert service.requests("POST")[0].body == {
        "agentName": "new",
        "agentConfig": {},
        "environmentVars": {},
        "dedicated": True,
        "characterId": OTHER,
        "dockerImage": "ghcr.io/x@sha256:1",
        "autoProvision": False,
    }


def test_a_shared_agent_is_said_to_have_no_backups(service, run):
    shared = {"id": AGENT, "agentName": "ada", "executionTier": "shared"}
    service.answers("POST", "/api/cloud/agents", Answer({"ok": True, "agent": shared}, 201))
    assert run("agents", "create", "ada").out.splitlines() == [
        f"✓ Created ada ({AGENT}).",
        "It is a shared agent: it has no container of its own, and no backups are taken of it.",
        f"For both, at a price: eliza-cloud agents upgrade {AGENT}",
        f"Connect to it: eliza-cloud agents connect {AGENT}",
    ]
    service.answers("POST", "/api/cloud/agents", {"ok": True, "agent": shared, "created": False})
    assert "eliza-cloud agents create new --dedicated --force" in run("agents", "create", "new").out


def test_an_agent_is_renamed(cloud, run):
    cloud.answers("PATCH", f"/api/cloud/agents/{AGENT}", {"ok": True, "agentId": AGENT, "agentName": "eve"})
    ran = run("agents", "rename", "ada", "eve")
    assert (ran.code, ran.out) == (0, "✓ ada is called eve now.\n")
    assert cloud.requests("PATCH")[0].body == {"agentName": "eve"}


@pytest.mark.parametrize("words", [(), ("ada",)])
def test_the_lines_of_an_agents_log_are_printed_as_they_are(cloud, run, words):
    body = {"ok": True, "agentId": AGENT, "logs": "one\ntwo\n"}
    cloud.answers("GET", f"/api/cloud/agents/{AGENT}/logs", body)
    ran = run("agents", "logs", *words, "--tail", "2")
    assert (ran.code, ran.out) == (0, "one\ntwo\n")
    assert cloud.asked[-1].path == f"/api/cloud/agents/{AGENT}/logs?tail=2"


@pytest.mark.parametrize("text", ["[1]", "{", '"x"', "[" * 100_000])
def test_a_configuration_that_is_no_object_is_wrong_usage(service, run, tmp_path, text):
    (tmp_path / "agent.json").write_text(text)
    assert run("agents", "create", "ada", "--config", str(tmp_path / "agent.json")).code == 2
    assert service.asked == []


def test_a_variable_that_is_not_set_is_wrong_usage(service, run):
    assert run("agents", "create", "ada", "--env", "NOT_SET_HERE").code == 2
    assert service.asked == []


@pytest.mark.parametrize("command", ["connect", "provision"])
@pytest.mark.parametrize("word", [AGENT, "ada"])
def test_an_agent_is_named_by_id_or_by_name(cloud, run, command, word):
    path = f"/api/cloud/agents/{AGENT}/{command}"
    body = {"ok": True, "agentId": AGENT, "agentName": "ada", "status": "connected"}
    cloud.answers("POST", path, body)
    ran = run("agents", command, word)
    assert (ran.code, ran.out) == (0, f"✓ Connected to ada ({AGENT}).\n")
    assert [asked.path for asked in cloud.requests("POST")] == [path]
    assert run("agents", command, word, "--json").lines == [body]


def test_an_unknown_name_is_one_sentence(cloud, run):
    ran = run("agents", "connect", "nobody")
    assert ran.code == 1
    assert ran.err.splitlines()[0] == "Error: No agent is called nobody."
    assert cloud.requests("POST") == []


def test_a_name_that_two_agents_have_is_not_guessed(service, run):
    twins = [{"id": AGENT, "agentName": "ada"}, {"id": OTHER, "agentName": "ada"}]
    service.answers("GET", "/api/cloud/agents", {"ok": True, "agents": twins})
    ran = run("agents", "shutdown", "ada", "--yes")
    assert ran.code == 2
    assert AGENT in ran.err
    assert OTHER in ran.err
    assert service.requests("POST") == []


def long_connect(cloud, run, looks):
    """Let a connect take until the link's state was looked at this often."""
    answered = threading.Event()
    body = {"ok": True, "agentId": AGENT, "agentName": "ada", "status": "connected"}
    cloud.answers("POST", f"/api/cloud/agents/{AGENT}/connect", Answer(body, after=answered))

    def release():
        while len([one for one in cloud.asked if one.path == "/api/cloud/status"]) < looks:
            answered.wait(0.005)
        answered.set()

    cloud.answers("GET", "/api/cloud/status", status(state="connecting"))
    watcher = threading.Thread(target=release)
    watcher.start()
    ran = run("agents", "connect", AGENT, "--json")
    watcher.join()
    assert json.loads(ran.out) == body
    return ran.err


def test_a_long_connect_shows_the_links_state_on_stderr_only(cloud, run, monkeypatch):
    monkeypatch.setattr(client, "TICK", 0.01)
    assert long_connect(cloud, run, 3) == f"Connecting to {AGENT} · link ◌ connecting\n"


def test_a_long_connect_shows_how_far_its_job_is(cloud, run, monkeypatch):
    monkeypatch.setattr(client, "TICK", 0.01)
    said = "Attempts so far: 1; the last error: no capacity."
    items = [{"code": "clock_jumped", "detail": "+9 s"}, {"code": "job_retried", "detail": said}]
    cloud.answers("GET", "/api/cloud/health", {"items": items})
    assert long_connect(cloud, run, 3) == f"Connecting to {AGENT} · link ◌ connecting · {said}\n"


def test_an_agent_is_named_by_the_beginning_of_its_id(cloud, run):
    cloud.answers("POST", f"/api/cloud/agents/{OTHER}/suspend", {"ok": True})
    assert run("agents", "suspend", OTHER[:4]).code == 0
    ran = run("agents", "suspend", OTHER[:3])
    assert ran.err.startswith(f"Error: No agent is called {OTHER[:3]}.")


def test_the_beginning_of_several_ids_is_wrong_usage(service, run):
    twins = [{"id": OTHER}, {"id": f"{OTHER[:-1]}6"}]
    service.answers("GET", "/api/cloud/agents", {"ok": True, "agents": twins})
    ran = run("agents", "suspend", OTHER[:6])
    assert ran.code == 2
    assert "2 agents have ids that begin with 999999: " in ran.err


def test_a_name_goes_before_the_beginning_of_an_id(service, run):
    agents = [{"id": OTHER, "agentName": "ada"}, {"id": AGENT, "agentName": OTHER[:4]}]
    service.answers("GET", "/api/cloud/agents", {"ok": True, "agents": agents})
    service.answers("POST", f"/api/cloud/agents/{AGENT}/suspend", {"ok": True})
    assert run("agents", "suspend", OTHER[:4]).code == 0


def test_a_mistyped_name_is_answered_with_its_neighbour(cloud, run):
    assert "No agent is called adda. Did you mean 'ada'?" in run("agents", "suspend", "adda").err
