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


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"keyRevoked": True}, "It is revoked at Eliza Cloud."),
        ({"keyRevoked": False, "keyNote": "It stays valid."}, "It stays valid."),
    ],
)
def test_it_says_whether_the_key_was_revoked_or_why_not(service, run, more, said):
    service.answers("POST", "/api/cloud/disconnect", {"ok": True, "status": "disconnected", **more})
    ran = run("disconnect")
    assert (ran.code, ran.out.endswith(f"removed from this machine. {said}\n")) == (0, True)
    assert not service.asked[-1].body


def test_a_key_is_kept_valid_when_that_is_asked_for(service, run):
    service.answers("POST", "/api/cloud/disconnect", {"ok": True, "status": "disconnected"})
    assert run("logout", "--keep-key").code == 0
    assert service.asked[-1].body == {"keepKey": True}
