"""A secret that strays shows nothing."""

import copy
import json
import logging
import pickle
import traceback

import msgspec
import pytest

from eliza_cloud.redaction.secret import Secret

PLAIN = "eliza_0123456789abcdef"


@pytest.fixture
def secret() -> Secret:
    return Secret(PLAIN)


def test_only_reveal_gives_it_back(secret):
    assert secret.reveal() == PLAIN


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{!r:>40}".format,
        "{:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!s:*^30}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 the old way shows nothing either
        lambda secret: str([secret, {"key": secret}]),
        lambda secret: str(Exception(secret)),
        lambda secret: json.dumps({"key": secret}, default=str),
        lambda secret: str(dir(secret)),
    ],
)
def test_showing_it_shows_nothing(secret, show):
    assert PLAIN not in show(secret)


@pytest.mark.parametrize(
    "write_down",
    [json.dumps, msgspec.json.encode, msgspec.to_builtins, pickle.dumps, copy.copy, copy.deepcopy, vars],
)
def test_it_cannot_be_written_down_by_accident(secret, write_down):
    with pytest.raises(TypeError) as refusal:
        write_down(secret)
    assert PLAIN not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_protocol_takes_it(secret, protocol):
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret, protocol)


def test_a_log_line_shows_nothing(secret, caplog):
    with caplog.at_level(logging.WARNING):
        logging.getLogger("test").warning("key %s", secret)
    assert PLAIN not in caplog.text


def test_an_attribute_error_about_it_shows_nothing(secret):
    with pytest.raises(AttributeError) as error:
        secret.value  # noqa: B018 reading is the test
    assert PLAIN not in str(error.value)


def test_it_takes_no_further_attributes(secret):
    with pytest.raises(AttributeError):
        secret.note = "x"


def test_an_empty_secret_is_a_mistake():
    with pytest.raises(ValueError, match="must not be empty"):
        Secret("")


def test_two_secrets_with_one_value_are_equal_and_a_secret_is_never_its_text(secret):
    assert secret == Secret(PLAIN)
    assert hash(secret) == hash(Secret(PLAIN))
    assert secret != Secret("another")
    assert secret != PLAIN
