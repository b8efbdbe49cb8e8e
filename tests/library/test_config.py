"""A configuration is checked when it is made, and shows its key nowhere."""

import copy
import pickle

import msgspec
import pytest

from eliza_cloud import BaseUrlRefused, CloudConfig, CloudLoginResult, CloudManager
from eliza_cloud.store.config.settings import Settings

KEY = "eliza_" + "5ec4e7" * 10


def test_a_key_is_enough():
    config = CloudConfig(api_key=KEY)
    assert config.base_url == "https://www.elizacloud.ai"
    assert config.key is not None
    assert config.key.reveal() == KEY


def test_the_defaults_are_those_of_the_service():
    config, settings = CloudConfig(KEY), Settings()
    shared = set(CloudConfig.__struct_fields__) & set(Settings.__struct_fields__) - {"base_url"}
    assert len(shared) == 7
    assert [name for name in shared if getattr(config, name) != getattr(settings, name)] == []


@pytest.mark.parametrize("url", ["http://www.elizacloud.ai", "ftp://www.elizacloud.ai", "www.elizacloud.ai"])
def test_a_base_url_that_is_not_https_is_refused(url):
    with pytest.raises(BaseUrlRefused, match="it does not start with https://"):
        CloudConfig(KEY, url)


def test_loopback_takes_the_switch_for_development():
    with pytest.raises(BaseUrlRefused):
        CloudConfig(KEY, "http://127.0.0.1:3000")
    assert CloudConfig(KEY, "http://127.0.0.1:3000", allow_loopback=True).allow_loopback


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"heartbeat_interval": 0.0}, "heartbeat_interval: expected a number of seconds above 0, found 0.0."),
        (
            {"backup_interval": float("nan")},
            "backup_interval: expected a number of seconds above 0",
        ),
        ({"max_failures": 0}, "max_failures: expected a whole number of at least 1, found 0."),
        ({"max_reconnect_attempts": -1}, "max_reconnect_attempts: expected a whole number of at least 0"),
    ],
)
def test_a_wrong_number_is_named_with_what_was_expected_and_found(members, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        CloudConfig(KEY, **members)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "eliza_é" * 5, "two words", "a line\nand another"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(key):
    with pytest.raises(ValueError, match="api_key: expected printable ASCII") as caught:
        CloudConfig(key)
    assert not key.strip() or key not in str(caught.value)


SHOWN = [CloudConfig(KEY), CloudLoginResult(KEY, "eliza_5e", None)]


@pytest.mark.parametrize("holder", SHOWN, ids=["config", "result"])
def test_the_key_is_in_no_representation(holder):
    assert KEY not in f"{holder!r} {holder} {holder:}"
    assert KEY not in repr([holder])
    assert KEY not in repr({"config": holder})


@pytest.mark.parametrize("holder", SHOWN, ids=["config", "result"])
@pytest.mark.parametrize("encode", [pickle.dumps, copy.deepcopy, msgspec.to_builtins, msgspec.json.encode])
def test_no_encoding_gets_the_key_out(holder, encode):
    with pytest.raises(TypeError) as caught:
        encode(holder)
    assert KEY not in str(caught.value)


def test_the_result_of_a_sign_in_gives_the_key_to_whoever_asks_for_it():
    result = CloudLoginResult(KEY, "eliza_5e", "2027-01-01T00:00:00Z")
    assert (result.api_key, result.key_prefix, result.expires_at) == (KEY, "eliza_5e", "2027-01-01T00:00:00Z")


def test_a_manager_needs_a_configuration_or_every_part():
    with pytest.raises(TypeError, match="CloudManager needs a CloudConfig"):
        CloudManager()
