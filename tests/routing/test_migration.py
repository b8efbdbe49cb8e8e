"""Each row of the legacy migration table (local-api §16)."""

import copy
import json

import pytest

from eliza_cloud.routing.config.migration import is_legacy, migrate
from eliza_cloud.routing.config.transactions import clearing, forget_cloud, migrate_file
from eliza_cloud.routing.config.types import Capability
from eliza_cloud.store.config.file import ConfigFile

CLOUD = {"backend": "elizacloud", "transport": "cloud-proxy", "accountId": "elizacloud"}
REMOTE = "https://home.example"


def migrated(document):
    document = copy.deepcopy(document)
    migrate(document)
    return document


def routing(document):
    return migrated(document)["serviceRouting"]


# Rule 1: the deployment target.


def test_rule_1_a_deployment_target_is_kept():
    kept = {"runtime": "remote", "remoteApiBase": "https://kept.example", "more": 1}
    document = {"deploymentTarget": kept, "cloud": {"remoteApiBase": REMOTE, "remoteAccessToken": "secret"}}
    assert migrated(document)["deploymentTarget"] == kept


def test_rule_1_a_remote_base_becomes_a_remote_target_with_its_token():
    document = migrated({"cloud": {"remoteApiBase": f" {REMOTE} ", "remoteAccessToken": "secret"}})
    assert document["deploymentTarget"] == {
        "runtime": "remote",
        "provider": "remote",
        "remoteApiBase": REMOTE,
        "remoteAccessToken": "secret",
    }


def test_rule_1_a_cloud_runtime_with_an_agent_becomes_a_cloud_target():
    flags = {"runtime": "cloud", "provider": "elizacloud", "agentId": "a1"}
    document = migrated({"cloud": flags})
    assert document["deploymentTarget"] == {"runtime": "cloud", "provider": "elizacloud"}
    assert document["cloud"] == {"agentId": "a1"}


@pytest.mark.parametrize("missing", ["provider", "agentId"])
def test_rule_1_local_is_left_implicit(missing):
    flags = {"runtime": "cloud", "provider": "elizacloud", "agentId": "a1"}
    del flags[missing]
    assert "deploymentTarget" not in migrated({"cloud": flags})


# Rule 2: the linked account.


def test_rule_2_a_key_links_the_account():
    document = migrated({"cloud": {"apiKey": "eliza_1", "provider": "elizacloud"}})
    assert document["linkedAccounts"] == {"elizacloud": {"status": "linked", "source": "api-key"}}


def test_rule_2_a_status_that_is_there_is_kept():
    accounts = {"elizacloud": {"status": "unlinked"}, "openai": {"status": "linked"}}
    document = {"cloud": {"apiKey": "eliza_1", "provider": "elizacloud"}, "linkedAccounts": accounts}
    assert migrated(document)["linkedAccounts"] == accounts


def test_rule_2_without_a_key_nothing_is_linked():
    assert "linkedAccounts" not in migrated({"cloud": {"provider": "elizacloud"}})


# Rule 3: routes that are there win.


def test_rule_3_a_valid_route_is_kept_and_the_flags_are_ignored():
    kept = {"tts": {"backend": "openai", "transport": "direct", "vendor": 1}}
    flags = {"enabled": True, "inferenceMode": "cloud", "services": {"media": True, "tts": True}}
    document = migrated({"serviceRouting": kept, "cloud": flags})
    assert document["serviceRouting"] == kept
    assert document["cloud"] == {"enabled": True}


@pytest.mark.parametrize("emptied", [{}, {"vision": {"backend": "other"}}])
def test_rule_3_a_section_that_was_emptied_counts_as_decided(emptied):
    document = {"serviceRouting": emptied, "cloud": {"enabled": True, "services": {"tts": True}}}
    assert routing(document) == emptied


def test_rule_3_entries_of_which_none_is_valid_do_not_count():
    document = {"serviceRouting": {"llmText": {"backend": " "}, "x": 1}, "cloud": {"inferenceMode": "cloud"}}
    assert routing(document) == {"llmText": CLOUD, "x": 1}


# Rule 4: llmText.


def test_rule_4_a_remote_target_comes_first():
    document = {"cloud": {"remoteApiBase": REMOTE, "inferenceMode": "cloud"}}
    assert routing(document) == {"llmText": {"transport": "remote", "remoteApiBase": REMOTE}}


@pytest.mark.parametrize(
    "document",
    [
        {"cloud": {"enabled": True, "services": {"inference": True}}},
        {"cloud": {"provider": "ElizaCloud"}},
        {"cloud": {"inferenceMode": "cloud"}},
        {"models": {"medium": " "}, "cloud": {"enabled": True, "runtime": "local"}},
    ],
    ids=["enabled", "provider", "mode", "enabled beside a flag"],
)
def test_rule_4_what_chose_cloud_inference(document):
    assert routing(document) == {"llmText": CLOUD}


def test_rule_4_model_picks_choose_the_cloud_and_become_the_routes_models():
    document = {"models": {"small": "s", "large": "l", "other": "x"}}
    assert routing(document) == {"llmText": {**CLOUD, "smallModel": "s", "largeModel": "l"}}


@pytest.mark.parametrize(
    "opt_out",
    [
        {"enabled": False},
        {"inferenceMode": "byok"},
        {"inferenceMode": "local"},
        {"services": {"inference": False}},
    ],
    ids=str,
)
def test_rule_4_an_opt_out_wins_and_the_local_provider_follows(opt_out):
    flags = {"enabled": True, "provider": "elizacloud", **opt_out}
    document = {"cloud": flags, "models": {"small": "s"}, "env": {"GROQ_API_KEY": "k", "OPENAI_API_KEY": " "}}
    assert routing(document) == {"llmText": {"backend": "groq", "transport": "direct"}}
    del document["env"]
    assert routing(document) == {}


# Rule 5: the other capabilities.


def test_rule_5_a_service_that_is_exactly_true_goes_to_the_cloud():
    services = {"tts": True, "media": 1, "embeddings": "true", "rpc": True, "inference": False}
    assert routing({"cloud": {"services": services}}) == {"tts": CLOUD, "rpc": CLOUD}


# Rule 6: what goes and what stays.


def test_rule_6_the_flags_go_and_everything_else_stays():
    document = {
        "connection": {"kind": "x"},
        "cloud": {
            "enabled": True,
            "apiKey": "eliza_1",
            "baseUrl": "https://example.com",
            "provider": "elizacloud",
            "remoteApiBase": "",
            "remoteAccessToken": "",
            "inferenceMode": "cloud",
            "runtime": "local",
            "services": {"inference": True, "tts": False, "media": False, "embeddings": False, "rpc": False},
            "container": {"image": "x"},
        },
        "models": {"small": "s"},
    }
    after = migrated(document)
    assert after["cloud"] == {
        "enabled": True,
        "apiKey": "eliza_1",
        "baseUrl": "https://example.com",
        "container": {"image": "x"},
    }
    assert "connection" not in after
    assert after["models"] == {"small": "s"}


def test_rule_6_a_service_of_others_stays():
    services = {"tts": True, "vision": True}
    assert migrated({"cloud": {"services": services}})["cloud"] == {"services": {"vision": True}}


# When it runs.


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"cloud": {"enabled": True, "apiKey": "eliza_1"}},
        {"cloud": {"enabled": True, "agentId": "a"}, "env": {"OPENAI_API_KEY": "k"}},
        {"serviceRouting": {}, "models": {"small": "s"}},
        {"cloud": "broken", "models": [], "serviceRouting": 3},
    ],
    ids=str,
)
def test_a_file_without_legacy_keys_stays_as_it_is(document):
    """`cloud.enabled` alone selects no road: linkage is not use."""
    assert migrated(document) == document


@pytest.mark.parametrize(
    "strange", [{"cloud": {"provider": 3, "inferenceMode": [], "services": {"tts": {}}}}]
)
def test_strange_values_migrate_to_nothing(strange):
    assert migrated(strange) == {"cloud": {}, "serviceRouting": {}}


def test_what_has_been_migrated_is_not_legacy_any_more():
    once = migrated({"cloud": {"enabled": True, "services": {"tts": True}}, "models": {"small": "s"}})
    assert not is_legacy(once)
    assert migrated(once) == once


def test_at_the_start_a_legacy_file_is_rewritten_and_another_is_not_touched(tmp_path):
    config = ConfigFile(tmp_path / "eliza.json")
    config.path.write_text('{"cloud": {"services": {"rpc": true}}, "mine": 1}')
    migrate_file(config)
    assert json.loads(config.path.read_text()) == {"cloud": {}, "mine": 1, "serviceRouting": {"rpc": CLOUD}}
    text = '{"cloud": {"enabled": true}}  // mine'
    config.path.write_text(text)
    migrate_file(config)
    assert config.path.read_text() == text


def test_a_file_that_cannot_be_migrated_does_not_stop_the_service(tmp_path):
    config = ConfigFile(tmp_path / "eliza.json")
    config.path.write_text("{broken")
    migrate_file(config)
    assert config.path.read_text() == "{broken"


# Nothing is undone (local-api §20 row 21).


def test_a_disconnect_removes_what_needs_the_cloud_and_a_migration_brings_nothing_back():
    document = {
        "cloud": {"enabled": True, "apiKey": "eliza_1", "services": {"tts": True}},
        "models": {"small": "s"},
    }
    forget_cloud(document)
    assert document["serviceRouting"] == {}
    document["cloud"] |= {"enabled": True, "services": {"tts": True}, "inferenceMode": "cloud"}
    assert routing(document) == {}


def test_a_disconnect_leaves_the_roads_that_need_no_cloud():
    direct = {"backend": "openai", "transport": "direct", "vendor": 1}
    remote = {"backend": "elizacloud", "transport": "remote", "remoteApiBase": REMOTE}
    strange = {"backend": "other", "transport": "pigeon"}
    document = {
        "serviceRouting": {
            "llmText": direct,
            "tts": dict(CLOUD),
            "media": {"transport": "cloud-proxy"},
            "embeddings": remote,
            "rpc": strange,
            "vision": dict(CLOUD),
        },
        "linkedAccounts": {"elizacloud": {"status": "linked"}, "openai": {"status": "linked"}},
    }
    forget_cloud(document)
    assert document["serviceRouting"] == {
        "llmText": direct,
        "embeddings": remote,
        "rpc": strange,
        "vision": CLOUD,
    }
    assert document["linkedAccounts"] == {"openai": {"status": "linked"}}


def test_a_delete_is_not_undone_by_what_would_be_inferred_or_migrated():
    document = {"env": {"OPENAI_API_KEY": "k"}}
    clearing(Capability.LLM_TEXT)(document)
    assert document["serviceRouting"] == {}
    document["cloud"] = {"inferenceMode": "cloud"}
    assert routing(document) == {}
