"""`disconnect`, also as `logout`."""

import pytest


@pytest.mark.parametrize("command", ["disconnect", "logout"])
def test_it_disconnects_and_says_so(service, run, command):
    body = {"ok": True, "status": "disconnected"}
    service.answers("POST", "/api/cloud/disconnect", body)
    ran = run(command)
    assert (ran.code, ran.err) == (0, "")
    assert "the key is removed from this machine" in ran.out
    assert [asked.path for asked in service.asked] == ["/api/cloud/disconnect"]
    assert run(command, "--json").lines == [body]
