"""Where the service is looked for, and which token is sent where."""

import pytest

from eliza_cloud.cli.client.endpoint import is_loopback, service_token, service_url
from tests.cli.conftest import TOKEN, Answer


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:31337"),
        ({"ELIZA_PORT": "2200"}, "http://127.0.0.1:2200"),
        ({"ELIZA_API_PORT": "2300", "ELIZA_PORT": "2200"}, "http://127.0.0.1:2300"),
        ({"ELIZA_API_PORT": "  "}, "http://127.0.0.1:31337"),
        ({"ELIZA_API_BIND": "192.168.1.5"}, "http://192.168.1.5:31337"),
        ({"ELIZA_API_BIND": "0.0.0.0"}, "http://127.0.0.1:31337"),
        ({"ELIZA_API_BIND": "::"}, "http://127.0.0.1:31337"),
        ({"ELIZA_API_BIND": "::1"}, "http://[::1]:31337"),
    ],
)
def test_the_variables_of_serve_say_where_to_look(environ, url):
    assert service_url(environ) == url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "http://127.9.9.9"]
)
def test_loopback_is_recognised(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url", ["http://192.168.1.5:1", "http://localhost.example.com", "https://example.com"]
)
def test_another_machine_is_not_loopback(url):
    assert not is_loopback(url)


def test_the_token_comes_from_the_state_directory(service, run):
    run("status")
    assert service.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_set_variable_wins_over_the_state_directory(service, run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_TOKEN", "from-the-variable")
    run("status")
    assert service.asked[0].headers["Authorization"] == "Bearer from-the-variable"


def test_a_blank_variable_hides_nothing(service, run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_TOKEN", "  ")
    run("status")
    assert service.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_named_file_wins_over_all(service, run, monkeypatch, tmp_path):
    monkeypatch.setenv("ELIZA_API_TOKEN", "from-the-variable")
    (tmp_path / "other").write_text("from-the-file")
    run("status", "--token-file", str(tmp_path / "other"))
    assert service.asked[0].headers["Authorization"] == "Bearer from-the-file"


def test_the_token_of_this_machines_service_goes_to_no_other_machine(clean_environment):
    environ = {"ELIZA_STATE_DIR": str(clean_environment)}
    assert service_token(environ, "http://192.168.1.5:31337", None) is None
    assert service_token(environ, "http://127.0.0.1:31337", None) == TOKEN


def test_without_a_token_the_service_decides(service, run, clean_environment):
    (clean_environment / "api-token").unlink()
    assert run("status").code == 0
    assert "Authorization" not in service.asked[0].headers


def test_a_missing_named_file_is_one_sentence(service, run, tmp_path):
    ran = run("status", "--token-file", str(tmp_path / "none"))
    assert ran.code == 6
    assert ran.err.startswith(f"Error: The token file {tmp_path / 'none'} cannot be read: No such file")


def test_a_state_directory_that_cannot_be_looked_into_is_one_sentence(service, run, monkeypatch):
    monkeypatch.setenv("ELIZA_STATE_DIR", "/" + "a" * 300)
    ran = run("status")
    assert (ran.code, ran.out) == (6, "")
    assert "api-token cannot be read: File name too long." in ran.err
    assert "Run the command as the service's user" in ran.err
    service.answers("GET", "/healthz", {"ok": True})
    assert run("health", "--probe").code == 0, "it needs no token"


def test_an_empty_token_file_is_one_sentence(service, run, clean_environment):
    (clean_environment / "api-token").write_text("\n")
    ran = run("status")
    assert ran.code == 6
    assert "is empty" in ran.err


def test_only_the_token_file_is_read(service, run, clean_environment):
    """The client never opens eliza.json or the database: broken ones do not matter."""
    (clean_environment / "eliza.json").write_text("{ broken")
    (clean_environment / "agent.sqlite3").write_text("broken")
    assert run("status").code == 0


def test_the_url_flag_wins(service, run, monkeypatch):
    monkeypatch.setenv("ELIZA_API_PORT", "1")
    assert run("status", "--url", service.url).code == 0


def test_no_redirect_is_followed(service, run):
    service.answers("GET", "/api/cloud/agents", Answer({}, 302, {"Location": f"{service.url}/elsewhere"}))
    ran = run("agents", "list")
    assert (ran.code, ran.err) == (1, "Error: The service answered HTTP 302.\n")
    assert [asked.path for asked in service.asked] == ["/api/cloud/agents"]


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "http://127.0.0.1:99999", "http://127.0.0.1:x", "nonsense"]
)
def test_an_address_that_is_none_is_wrong_usage(run, clean_environment, url):
    ran = run("status", "--url", url)
    assert ran.code == 2
    assert "an http address with a valid port is needed" in ran.err
