"""Where the service listens."""

import pytest

from eliza_cloud.store.config.listen_address import BindingError, allowed_hosts, allowed_origins, read_binding


def ports(environ, **flags):
    return [(port.number, port.setting) for port in read_binding(environ, **flags).ports]


def test_both_documented_ports_on_loopback_are_the_default():
    binding = read_binding({})
    assert (binding.host, binding.is_loopback, binding.is_wildcard) == ("127.0.0.1", True, False)
    assert ports({}) == [(31337, "ELIZA_API_PORT"), (2138, "ELIZA_PORT")]


def test_each_variable_moves_its_port_and_a_blank_one_is_unset():
    assert ports({"ELIZA_API_PORT": "4000"}) == [(4000, "ELIZA_API_PORT"), (2138, "ELIZA_PORT")]
    assert ports({"ELIZA_PORT": " 5000 "}) == [(31337, "ELIZA_API_PORT"), (5000, "ELIZA_PORT")]
    assert ports({"ELIZA_PORT": " ", "ELIZA_API_BIND": ""}) == ports({})


def test_equal_ports_are_one():
    assert ports({"ELIZA_PORT": "31337"}) == [(31337, "ELIZA_API_PORT")]
    assert ports({"ELIZA_API_PORT": "0", "ELIZA_PORT": "0"}) == [(0, "ELIZA_API_PORT")]
    assert ports({}, ports=[7, 8, 7]) == [(7, "--port"), (8, "--port")]


def test_flags_win():
    environ = {"ELIZA_API_PORT": "x", "ELIZA_API_BIND": "10.0.0.1"}
    assert ports(environ, ports=[4000]) == [(4000, "--port")]
    assert read_binding({"ELIZA_API_BIND": "10.0.0.1"}, host="::1").host == "::1"


@pytest.mark.parametrize(
    ("text", "host", "loopback", "wildcard"),
    [
        ("localhost", "127.0.0.1", True, False),
        ("127.0.0.9", "127.0.0.9", True, False),
        ("[::1]", "::1", True, False),
        ("0.0.0.0", "0.0.0.0", False, True),
        ("::", "::", False, True),
        ("192.168.1.20", "192.168.1.20", False, False),
    ],
)
def test_addresses_are_told_apart(text, host, loopback, wildcard):
    binding = read_binding({"ELIZA_API_BIND": text})
    assert (binding.host, binding.is_loopback, binding.is_wildcard) == (host, loopback, wildcard)


@pytest.mark.parametrize("text", ["65536", "-1", "+1", "1.0", "0x10", "\u0661", "1 2", "123456"])
def test_what_is_no_port_is_refused_with_its_variable(text):
    with pytest.raises(BindingError, match=r"^ELIZA_PORT: expected a port number from 0 to 65535, found"):
        read_binding({"ELIZA_PORT": text})


@pytest.mark.parametrize("text", ["example.com", "127.1", "1", "127.0.0.1:80", "10.0.0.0/8"])
def test_what_is_no_address_is_refused_with_its_variable(text):
    with pytest.raises(BindingError, match=r"^ELIZA_API_BIND: expected an IP address"):
        read_binding({"ELIZA_API_BIND": text})


def test_lists_are_comma_separated():
    assert allowed_hosts({"ELIZA_ALLOWED_HOSTS": " a.example ,, b:80 "}) == ["a.example", "b:80"]
    assert allowed_origins({"ELIZA_ALLOWED_ORIGINS": "https://a.example, app://x"}) == [
        "https://a.example",
        "app://x",
    ]
    assert allowed_origins({}) == []


@pytest.mark.parametrize("origin", ["null", "*", "a.example", "https://a.example/path", "https://"])
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(BindingError, match="expected origins such as"):
        allowed_origins({"ELIZA_ALLOWED_ORIGINS": origin})
