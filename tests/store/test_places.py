"""Where the files are, and what child processes see."""

from pathlib import Path

import pytest

from eliza_cloud.store.config.env import child_environment
from eliza_cloud.store.config.file import StoreError
from eliza_cloud.store.paths import StatePaths, state_paths


def test_the_state_lives_in_the_home_directory_by_default():
    directory = Path("/home/ada/.eliza")
    assert state_paths({"HOME": "/home/ada"}) == StatePaths(
        directory=directory,
        config=directory / "eliza.json",
        database=directory / "agent.sqlite3",
        token=directory / "api-token",
        lock=directory / "serve.lock",
        signed_out=directory / "signed-out-keys",
    )


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_variables_count_as_unset(blank):
    blanks = {"HOME": "/h", "ELIZA_STATE_DIR": blank, "ELIZA_CONFIG_PATH": blank}
    assert state_paths(blanks).config == Path("/h/.eliza/eliza.json")


def test_the_config_path_wins_for_the_config_file_alone():
    paths = state_paths({"HOME": "/h", "ELIZA_STATE_DIR": "~/s", "ELIZA_CONFIG_PATH": "~/c.json"})
    assert paths.config == Path("/h/c.json")
    assert paths.database == Path("/h/s/agent.sqlite3")


def test_relative_directories_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert state_paths({"ELIZA_STATE_DIR": "."}).token == tmp_path / "api-token"


def test_an_unknown_home_is_said():
    with pytest.raises(StoreError, match="set ELIZA_STATE_DIR to a directory"):
        state_paths({"ELIZA_STATE_DIR": "~nobody-of-that-name/x"})


def test_children_get_neither_key_nor_switch_nor_token():
    secrets = {"ELIZAOS_CLOUD_API_KEY": "k", "ELIZAOS_CLOUD_ENABLED": "true", "ELIZA_API_TOKEN": "t"}
    kept = {"PATH": "/bin", "ELIZAOS_CLOUD_BASE_URL": "https://e.example"}
    given = secrets | kept
    assert child_environment(given) == kept
    assert given == secrets | kept
