"""`chat`: one shot, line by line, and never a cut answer passed off as whole."""

import io
import json

import pytest

from eliza_cloud.core.problems import STREAM_TRUNCATED
from tests.cli.conftest import AGENT, Answer, in_a_terminal, status

EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}
DONE = {"type": "done", "fullText": "", "agentName": "ada"}


def stream(*frames):
    return Answer("".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode(), headers=EVENTS)


def token(text):
    return {"type": "token", "text": text}


def test_a_message_is_said_and_the_answer_streamed_to_stdout(service, run):
    service.answers("POST", "/api/chat/stream", stream(token("Hello, "), token("you."), DONE))
    ran = run("chat", "hello", "there")
    assert (ran.code, ran.out, ran.err) == (0, "Hello, you.\n", "")
    assert service.asked[0].body == {"text": "hello there"}
    assert service.asked[0].headers["Accept"] == "text/event-stream"


def test_an_answer_without_its_end_is_a_failure(service, run):
    service.answers("POST", "/api/chat/stream", stream(token("Half an ans")))
    ran = run("chat", "hello")
    assert ran.code == 1
    assert ran.out == "Half an ans\n"
    assert ran.err == f"Error: {STREAM_TRUNCATED.says()}\n{STREAM_TRUNCATED.remedy}\n"


def test_an_error_in_the_stream_is_a_failure(service, run):
    error = {"type": "error", "message": "The agent fell asleep.", "code": "stream_truncated"}
    service.answers("POST", "/api/chat/stream", stream(token("Zz"), error))
    ran = run("chat", "hello")
    assert (ran.code, ran.err) == (1, "Error: The agent fell asleep.\n")


def test_a_refusal_before_the_stream_has_its_own_exit_code(service, run):
    error = {"ok": False, "error": "Agent is not running", "code": "agent_not_running"}
    service.answers("POST", "/api/chat/stream", Answer(error, 503))
    ran = run("chat", "hello")
    assert ran.code == 5
    assert ran.out == ""


def test_lines_of_stdin_are_messages(service, run, monkeypatch):
    service.answers("POST", "/api/chat/stream", stream(token("one"), DONE), stream(token("two"), DONE))
    monkeypatch.setattr("sys.stdin", io.StringIO("first\n\n  second  \n"))
    assert run("chat").out == "one\ntwo\n"
    assert [asked.body["text"] for asked in service.asked] == ["first", "second"]


def test_json_answers_are_one_line_each(service, run, monkeypatch):
    service.answers("POST", "/api/chat", {"text": "one", "agentName": "ada"})
    monkeypatch.setattr("sys.stdin", io.StringIO("first\nsecond\n"))
    assert run("chat", "--json").lines == [{"text": "one", "agentName": "ada"}] * 2


def test_what_the_agent_says_cannot_steer_the_terminal(service, run):
    service.answers("POST", "/api/chat/stream", stream(token("a\x1b]0;title\x07b\nc\td"), DONE))
    assert run("chat", "hello").out == "a]0;titleb\nc\td\n"


@pytest.mark.parametrize(
    ("link", "connects"),
    [
        ({"agentId": AGENT, "state": "connected"}, False),
        ({"agentId": AGENT, "state": "disconnected"}, True),
        ({"agentId": "another", "state": "connected"}, True),
    ],
)
def test_a_named_agent_is_connected_to_first_unless_it_is(service, run, link, connects):
    service.answers("GET", "/api/cloud/status", status(link=link))
    service.answers("POST", f"/api/cloud/agents/{AGENT}/connect", {"ok": True})
    service.answers("POST", "/api/chat/stream", stream(token("hi"), DONE))
    assert run("chat", "--agent", AGENT, "hello").code == 0
    posts = [asked.path for asked in service.requests("POST")]
    assert posts == ([f"/api/cloud/agents/{AGENT}/connect"] if connects else []) + ["/api/chat/stream"]


def test_a_conversation_on_a_terminal_goes_on_after_a_message_that_failed(service):
    refused = Answer({"ok": False, "error": "The agent is busy.", "code": "busy"}, 503)
    service.answers("POST", "/api/chat/stream", refused, stream(token("two"), DONE))
    typed = [("you> ", "first\n"), ("you> ", "\n"), ("you> ", "second\n"), ("you> ", "\x04")]
    output = in_a_terminal("chat", typed=typed)
    assert [asked.body["text"] for asked in service.asked] == ["first", "second"]
    assert "Error: The agent is busy." in output
    assert "two" in output
