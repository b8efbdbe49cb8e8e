"""`disconnect`, also as `logout`."""

import pytest


@pytest.mark.parametrize("verb", ["disconnect", "logout"])
def test_it_disconnects_and_says_so(service, run, verb):
    body = {"ok": True, "status": "disconnected"}
    service.answers("POST", "/api/cloud/disconnect", body)
    ran = run(verb)
    assert (ran.code, ran.err) == (0, "")
    assert "the key is removed from this machine" in ran.out
    assert [asked.path for asked in service.asked] == ["/api/cloud/disconnect"]
    assert run(verb, "--json").lines == [body]
