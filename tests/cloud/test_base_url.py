"""The guard of the base URL (local-api §18)."""

import pytest

from eliza_cloud.cloud.errors import BaseUrlRefused, InvalidRequest
from eliza_cloud.cloud.http.address import DEFAULT_BASE_URL, parse_base_url, refuse_address, segment
from eliza_cloud.cloud.http.ssrf import is_loopback_address


@pytest.mark.parametrize(
    ("text", "site"),
    [
        (DEFAULT_BASE_URL, "https://www.elizacloud.ai"),
        ("https://www.elizacloud.ai/", "https://www.elizacloud.ai"),
        ("  https://www.elizacloud.ai/api/v1/ ", "https://www.elizacloud.ai"),
        ("https://www.elizacloud.ai/api/v1?x=1#y", "https://www.elizacloud.ai"),
        ("HTTPS://WWW.ElizaCloud.AI", "https://www.elizacloud.ai"),
        ("https://www.elizacloud.ai.", "https://www.elizacloud.ai"),
        ("https://www.elizacloud.ai:443", "https://www.elizacloud.ai"),
        ("https://cloud.example.com:8443/eliza/", "https://cloud.example.com:8443/eliza"),
        ("https://cloud.example.com/eliza/api/v1", "https://cloud.example.com/eliza"),
        ("https://cloud.example.com/api/v1/more", "https://cloud.example.com/api/v1/more"),
        ("https://münchen.example.de", "https://xn--mnchen-3ya.example.de"),
        ("https://93.184.216.34", "https://93.184.216.34"),
        ("https://[2606:2800:220:1::1]:444", "https://[2606:2800:220:1::1]:444"),
    ],
)
def test_a_public_https_url_is_normalised(text, site):
    base_url = parse_base_url(text, allow_loopback=False)
    assert str(base_url) == site
    assert base_url == parse_base_url(text, allow_loopback=True)
    assert not base_url.is_loopback


REFUSED = [
    "",
    "   ",
    "www.elizacloud.ai",
    "//www.elizacloud.ai",
    "/api",
    "https://",
    "https:///api",
    "https:www.elizacloud.ai",
    "http://www.elizacloud.ai",
    "ftp://www.elizacloud.ai",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "wss://www.elizacloud.ai",
    "https://user@www.elizacloud.ai",
    "https://user:pass@www.elizacloud.ai",
    "https://:@www.elizacloud.ai",
    "https://@www.elizacloud.ai",
    "https://www.elizacloud.ai@evil.example.com",
    "https://www.eliza cloud.ai",
    "https://www.elizacloud.ai\r\nX-Evil: 1",
    "https://www.elizacloud.ai\\@evil.example.com",
    "https://www.elizacloud.ai:0",
    "https://www.elizacloud.ai:99999",
    "https://www.elizacloud.ai:port",
    "https://[::1",
    "https://[v1.a]",
    "https://%31%32%37.0.0.1",
    "https://a..b.example.com",
    "https://-a.example.com",
    "https://" + "a" * 64 + ".com",
    "https://" + ".".join(["abcdefgh"] * 40),
    # names of this machine or network
    "https://localhost",
    "https://LOCALHOST:8443",
    "https://localhost.",
    "https://localhost..",
    "https://cloud.localhost",
    "https://cloud.localhost.",
    "https://printer.local",
    "https://printer.local.",
    "https://local",
    # every range of column N as a literal
    "https://0.0.0.0",
    "https://0.1.2.3",
    "https://10.0.0.1",
    "https://100.64.0.1",
    "https://100.127.255.255",
    "https://127.0.0.1",
    "https://127.0.0.1.",
    "https://127.255.255.254",
    "https://169.254.169.254",
    "https://172.16.0.1",
    "https://172.31.255.255",
    "https://192.0.0.1",
    "https://192.0.2.1",
    "https://192.168.1.1",
    "https://198.18.0.1",
    "https://198.19.255.255",
    "https://198.51.100.1",
    "https://203.0.113.1",
    "https://224.0.0.1",
    "https://239.255.255.255",
    "https://240.0.0.1",
    "https://255.255.255.255",
    "https://[::]",
    "https://[::1]",
    "https://[fc00::1]",
    "https://[fd12:3456::1]",
    "https://[fe80::1]",
    "https://[febf::1]",
    "https://[fec0::1]",
    "https://[ff02::1]",
    "https://[2001:db8::1]",
    # the same under another writing
    "https://2130706433",
    "https://134744072",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0X7F.1",
    "https://0177.0.0.1",
    "https://017700000001",
    "https://127.1",
    "https://127.0.1",
    "https://1.1",
    "https://127.0.0.1.0x",
    "https://\uff11\uff12\uff17.0.0.1",
    "https://127\u30020\u30020\u30021",
    "https://\u24dbocalhost",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:10.0.0.1]",
    "https://[::ffff:7f00:1]",
    "https://[::127.0.0.1]",
    "https://[2002:7f00:1::]",
    "https://[2002:a00:1::1]",
    "https://[2001:0:7f00:1::]",
    "https://[2001:0:5db8:d822::f5ff:fffe]",
    "https://[64:ff9b::127.0.0.1]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[64:ff9b:1::1]",
    "https://[fe80::1%25eth0]",
    "https://[fe80::1%eth0]",
    "https://[::1%25lo]",
    "https://[2606:2800:220:1::1%25eth0]",
    "https://[100::1]",
    "https://[4000::1]",
]


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused_with_a_sentence_and_a_remedy(text):
    with pytest.raises(BaseUrlRefused) as caught:
        parse_base_url(text, allow_loopback=False)
    assert caught.value.status == 400
    assert not caught.value.retryable
    assert str(caught.value).startswith("The cloud base URL is refused: ")
    assert "ELIZAOS_CLOUD_BASE_URL" in str(caught.value)
    assert "pass" not in str(caught.value).replace("user name or password", "")


LOOPBACK = [
    ("http://127.0.0.1:4400", "http://127.0.0.1:4400"),
    ("https://127.0.0.1", "https://127.0.0.1"),
    ("http://127.9.8.7/api/v1", "http://127.9.8.7"),
    ("http://[::1]:4400/", "http://[::1]:4400"),
    ("http://localhost:4400", "http://localhost:4400"),
    ("https://LocalHost", "https://localhost"),
    ("http://localhost:80/x", "http://localhost/x"),
]


@pytest.mark.parametrize(("text", "site"), LOOPBACK)
def test_loopback_is_allowed_when_asked_for(text, site):
    base_url = parse_base_url(text, allow_loopback=True)
    assert str(base_url) == site
    assert base_url.is_loopback
    with pytest.raises(BaseUrlRefused):
        parse_base_url(text, allow_loopback=False)


ONLY_PLAIN_LOOPBACK = {"https://localhost", "https://LOCALHOST:8443", "https://[::1]"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            text
            for text in REFUSED
            if text not in ONLY_PLAIN_LOOPBACK
            and text not in {"https://127.0.0.1", "https://127.255.255.254"}
        ),
        "http://0.0.0.0:4400",
        "http://10.0.0.1",
        "http://cloud.example.com",
        "http://localhost.:4400",
        "http://127.0.0.1.:4400",
        "http://sub.localhost:4400",
        "http://[::ffff:127.0.0.1]:4400",
        "http://127.1:4400",
        "http://user@127.0.0.1:4400",
        "ftp://127.0.0.1",
        "http://\uff11\uff12\uff17.0.0.1",
        "http://\u24dbocalhost",
    ],
)
def test_allowing_loopback_allows_nothing_else(text):
    with pytest.raises(BaseUrlRefused):
        parse_base_url(text, allow_loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_not_refused(address):
    assert refuse_address(address, allow_loopback=False) is None
    assert refuse_address(address, allow_loopback=True) is None


def test_teredo_is_judged_by_server_and_client():
    assert refuse_address("2001:0:808:808::f7f7:f7f7", allow_loopback=False) is None
    assert refuse_address("2001:0:808:808::f5ff:fffe", allow_loopback=False) == "a private address"
    assert refuse_address("2001:0:a00:1::f7f7:f7f7", allow_loopback=False) == "a private address"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.0.1", "::1"])
def test_loopback_addresses_are_refused_unless_allowed(address):
    assert is_loopback_address(address)
    assert refuse_address(address, allow_loopback=False) == "a loopback address"
    assert refuse_address(address, allow_loopback=True) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_what_only_leads_to_loopback_is_never_allowed(address):
    assert not is_loopback_address(address)
    assert refuse_address(address, allow_loopback=True) is not None


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "0x7f.0.0.1", "fe80::1%eth0", "1.2.3.4/8"])
def test_what_is_no_plain_address_is_refused(address):
    assert refuse_address(address, allow_loopback=True) == "not a plain IP address"


def test_urls_are_made_under_the_site_and_its_path():
    base_url = parse_base_url("https://cloud.example.com:8443/eliza/api/v1/", allow_loopback=False)
    assert str(base_url.api("user")) == "https://cloud.example.com:8443/eliza/api/v1/user"
    assert str(base_url.api("credits/balance?fresh=true")).endswith("/api/v1/credits/balance?fresh=true")
    assert str(base_url.login_session()) == "https://cloud.example.com:8443/eliza/api/auth/cli-session"
    assert str(base_url.login_session("a/b")).endswith("/api/auth/cli-session/a%2Fb")
    page = "https://cloud.example.com:8443/eliza/auth/cli-login?session="
    assert base_url.login_page("a1b2") == page + "a1b2"
    assert base_url.login_page("a&b=c#d") == page + "a%26b%3Dc%23d"


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_an_id_never_climbs_out_of_its_path(text):
    with pytest.raises(InvalidRequest):
        segment(text)
    assert segment("../x?y") == "..%2Fx%3Fy"
