"""The bearer token."""

import pytest

from eliza_cloud.store.config.file import StoreError
from eliza_cloud.store.paths import state_paths
from eliza_cloud.store.token import api_token


def test_the_variable_wins_and_nothing_is_written(paths):
    token, kept_in = api_token({"ELIZA_API_TOKEN": " given "}, paths)
    assert (token.reveal(), kept_in) == ("given", None)
    assert not paths.directory.exists()


def test_a_missing_token_is_generated_once_and_private(paths):
    first, kept_in = api_token({"ELIZA_API_TOKEN": " "}, paths)
    assert kept_in == paths.token
    assert len(bytes.fromhex(first.reveal())) == 32
    assert paths.token.read_text() == first.reveal() + "\n"
    assert paths.token.stat().st_mode & 0o777 == 0o600
    assert paths.directory.stat().st_mode & 0o777 == 0o700
    assert api_token({}, paths) == (first, paths.token)


def test_processes_that_race_get_one_token(child, paths):
    racers = [child("token", paths.directory) for _ in range(4)]
    assert len({racer.communicate()[0] for racer in racers}) == 1


def test_an_empty_token_file_is_filled(paths):
    paths.directory.mkdir()
    paths.token.write_text("\n")
    assert len(api_token({}, paths)[0].reveal()) == 64


def test_a_token_of_the_users_own_is_taken_and_made_private(paths):
    paths.directory.mkdir()
    paths.token.write_text("my-own-token\n")
    paths.token.chmod(0o644)
    assert api_token({}, paths)[0].reveal() == "my-own-token"
    assert paths.token.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"two words", "naïve".encode(), b"a" * 5000, b"\x00"])
def test_an_unusable_token_file_is_said_without_its_content(paths, content):
    paths.directory.mkdir()
    paths.token.write_bytes(content)
    with pytest.raises(StoreError, match="holds no usable token; delete it and a new one is made") as caught:
        api_token({}, paths)
    assert "words" not in str(caught.value)


def test_a_directory_that_may_not_be_written_is_said(read_only):
    environ = {"ELIZA_STATE_DIR": str(read_only)}
    with pytest.raises(StoreError, match="permission denied"):
        api_token(environ, state_paths(environ))
