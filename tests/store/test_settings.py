"""The settings: values, errors that name the path, warnings that name the nearest key."""

import json
from pathlib import Path

import pytest

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.file import ConfigError
from eliza_cloud.store.config.settings import Settings, effective_base_url, read_settings

EXAMPLE = Path(__file__).parents[2] / "eliza_cloud" / "deploy" / "eliza.example.json"


def at(path, value):
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


def test_an_empty_document_gives_the_documented_defaults():
    settings, warnings = read_settings({})
    assert warnings == []
    assert settings == Settings(
        base_url=None,
        enabled=False,
        backup_interval=60.0,
        heartbeat_interval=30.0,
        max_failures=3,
        reconnect_interval=3.0,
        max_reconnect_delay=60.0,
        max_reconnect_attempts=10,
        login_timeout=300.0,
        login_request_timeout=10.0,
        login_poll_interval=2.0,
        credits_interval=300.0,
        service_key=None,
    )


def test_the_example_file_holds_every_setting_at_its_default():
    document = json.loads(EXAMPLE.read_text())
    settings, warnings = read_settings(document)
    assert warnings == []
    assert settings == Settings(base_url="https://www.elizacloud.ai")
    assert {
        section: len(members) for section, members in document["cloud"].items() if type(members) is dict
    } == {
        "backup": 1,
        "bridge": 5,
        "login": 3,
        "credits": 1,
    }


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("cloud.baseUrl", " https://cloud.example ", "base_url", "https://cloud.example"),
        ("cloud.baseUrl", "", "base_url", None),
        ("cloud.enabled", True, "enabled", True),
        ("cloud.backup.autoBackupIntervalMs", 20, "backup_interval", 0.02),
        ("cloud.bridge.heartbeatIntervalMs", 1500.5, "heartbeat_interval", 1.5005),
        ("cloud.bridge.maxFailures", 1, "max_failures", 1),
        ("cloud.bridge.maxFailures", 5.0, "max_failures", 5),
        ("cloud.bridge.reconnectIntervalMs", 40, "reconnect_interval", 0.04),
        ("cloud.bridge.maxReconnectDelayMs", 80, "max_reconnect_delay", 0.08),
        ("cloud.bridge.maxReconnectAttempts", 0, "max_reconnect_attempts", 0),
        ("cloud.login.timeoutMs", 1000, "login_timeout", 1.0),
        ("cloud.login.requestTimeoutMs", 2000, "login_request_timeout", 2.0),
        ("cloud.login.pollIntervalMs", 20, "login_poll_interval", 0.02),
        ("cloud.credits.watchIntervalMs", 60_000, "credits_interval", 60.0),
        ("cloud.serviceKey", " sk-1 ", "service_key", Secret("sk-1")),
        ("cloud.serviceKey", " ", "service_key", None),
    ],
)
def test_a_value_reaches_its_field_in_seconds(path, value, field, expected):
    settings, warnings = read_settings(at(path, value))
    assert warnings == []
    assert getattr(settings, field) == expected


MILLISECONDS = "expected a number of milliseconds from 20 to 1000000000000, found "


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("cloud.bridge.maxFailures", "three", 'expected a whole number of at least 1, found "three"'),
        ("cloud.bridge.maxFailures", 0, "expected a whole number of at least 1, found 0"),
        ("cloud.bridge.maxFailures", True, "expected a whole number of at least 1, found true"),
        ("cloud.bridge.maxFailures", 1.5, "expected a whole number of at least 1, found 1.5"),
        ("cloud.bridge.maxFailures", float("inf"), "expected a whole number of at least 1, found Infinity"),
        ("cloud.bridge.maxReconnectAttempts", -1, "expected a whole number of at least 0, found -1"),
        ("cloud.backup.autoBackupIntervalMs", 19.9, MILLISECONDS + "19.9"),
        ("cloud.backup.autoBackupIntervalMs", True, MILLISECONDS + "true"),
        ("cloud.backup.autoBackupIntervalMs", "60000", MILLISECONDS + '"60000"'),
        ("cloud.bridge.heartbeatIntervalMs", None, MILLISECONDS + "null"),
        ("cloud.bridge.heartbeatIntervalMs", float("nan"), MILLISECONDS + "NaN"),
        ("cloud.bridge.heartbeatIntervalMs", 10**400, MILLISECONDS + "1" + "0" * 56 + "..."),
        ("cloud.login.timeoutMs", [1], MILLISECONDS + "a list"),
        ("cloud.enabled", "true", 'expected true or false, found "true"'),
        ("cloud.enabled", 1, "expected true or false, found 1"),
        ("cloud.baseUrl", {"a": 1}, "expected a string, found an object"),
        ("cloud.bridge", 3, "expected an object, found 3"),
        ("cloud", "on", 'expected an object, found "on"'),
    ],
)
def test_a_wrong_value_is_an_error_with_path_expected_and_found(path, value, sentence):
    with pytest.raises(ConfigError) as caught:
        read_settings(at(path, value))
    assert str(caught.value) == f"{path}: {sentence}"


@pytest.mark.parametrize("name", ["apiKey", "serviceKey"])
@pytest.mark.parametrize("value", [12345, "12345\n67890", "12345é", ["12345"]])
def test_a_wrong_key_is_an_error_that_does_not_show_it(name, value):
    with pytest.raises(ConfigError, match=f"cloud.{name}: expected a string of printable ASCII") as caught:
        read_settings(at(f"cloud.{name}", value))
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("cloud.bridge.maxFailure", "cloud.bridge.maxFailures"),
        ("cloud.bridge.heartbeatInterval", "cloud.bridge.heartbeatIntervalMs"),
        ("cloud.heartbeatIntervalMs", "cloud.bridge.heartbeatIntervalMs"),
        ("cloud.apikey", "cloud.apiKey"),
        ("cloud.backup.autoBackupInterval", "cloud.backup.autoBackupIntervalMs"),
        ("cloud.login.pollIntervallMs", "cloud.login.pollIntervalMs"),
    ],
)
def test_an_unknown_key_is_named_once_with_the_nearest_known_one(path, nearest):
    _, warnings = read_settings(at(path, 1))
    assert warnings == [f"{path} is not a known setting and has no effect; did you mean {nearest}?"]


def test_an_unknown_key_like_no_other_gets_no_suggestion():
    _, warnings = read_settings({"cloud": {"zzz": 1, "bridge": {"a\nb": 2}}})
    assert warnings == [
        "cloud.zzz is not a known setting and has no effect.",
        '"cloud.bridge.a\\nb" is not a known setting and has no effect.',
    ]


def test_keys_of_other_programs_and_older_versions_give_no_warning():
    cloud = {
        "provider": "elizacloud",
        "inferenceMode": "cloud",
        "runtime": "cloud",
        "remoteApiBase": "https://r.example",
        "remoteAccessToken": "t",
        "agentId": 7,
        "services": {"inference": True},
        "autoProvision": True,
        "container": {"image": "i"},
        "backup": {"maxSnapshots": "10"},
    }
    document = {"cloud": cloud, "models": 3}
    assert read_settings(document) == (Settings(), [])


def test_the_base_url_of_the_environment_wins_unless_it_is_blank():
    configured = Settings(base_url="https://configured.example")
    assert (
        effective_base_url(configured, {"ELIZAOS_CLOUD_BASE_URL": "https://e.example"}) == "https://e.example"
    )
    assert effective_base_url(configured, {"ELIZAOS_CLOUD_BASE_URL": "  "}) == "https://configured.example"
    assert effective_base_url(Settings(), {}) == "https://www.elizacloud.ai"
