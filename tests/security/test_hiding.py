"""Taking secrets out of text and out of bodies that pass by: whole, cut, side by side, across chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.cli.client.endpoint import service_token, service_url
from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cloud.errors import KeyUnavailable
from eliza_cloud.cloud.http.request import CloudResponse
from eliza_cloud.cloud.types.login import read_poll
from eliza_cloud.redaction.secret import PIECE, CloudTextRedactor, Secret, hide
from eliza_cloud.redaction.stream import StreamRedactor
from tests.security.canaries import Canary
from tests.security.guard_rows import TOKEN

KEY = "eliza_" + "7d1f0b6e92c4a8355ab3c9e8f1047d26" * 2
noise = st.text(alphabet="abcdef0123456789_eliz .", max_size=30)
piece = st.tuples(st.integers(0, len(KEY) - 1), st.integers(1, len(KEY))).map(
    lambda cut: KEY[cut[0] :][: cut[1]]
)
texts = st.lists(noise | piece, max_size=6).map("".join)


def has_piece(text: str) -> bool:
    return any(KEY[start : start + PIECE] in text for start in range(len(KEY) - PIECE + 1))


@given(texts)
def test_no_piece_of_a_secret_is_left_and_nothing_else_is_lost(text):
    hidden = hide(text, [KEY], "\0")
    assert not has_piece(hidden)
    assert (hidden == text) == (not has_piece(text))
    masked = hide(text, [KEY], "\0", each=True)
    assert len(masked) == len(text)
    assert all(shown in {"\0", was} for shown, was in zip(masked, text, strict=True))


@pytest.mark.parametrize("length", [PIECE, PIECE + 1, PIECE + 9, 33, len(KEY), 128])
def test_a_piece_is_hidden_wherever_in_the_secret_it_begins(length):
    secret = "".join(chr(0x100 + position) for position in range(length))
    for start in range(length - PIECE + 1):
        assert hide(f"<{secret[start : start + PIECE]}>", [secret], "#") == "<#>"


@given(texts, st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_a_body_is_strained_alike_however_it_is_cut(text, sizes):
    redactor, passed, rest = StreamRedactor([KEY]), b"", text.encode()
    while rest:
        for size in sizes:
            chunk, rest = rest[:size], rest[size:]
            passed += redactor.feed(chunk)
    passed += redactor.flush()
    assert passed.decode() == hide(text, [KEY], "*", each=True)


def test_what_cannot_be_a_piece_is_not_held_back():
    redactor = StreamRedactor([KEY])
    assert redactor.feed(b"data: hello\n\n") == b"data: hello\n\n"
    assert redactor.feed(bytes(range(256)))[:-1] == bytes(range(255))


def test_a_short_secret_is_hidden_whole_and_two_side_by_side_are_two():
    assert hide("a short one, short", ["short"], "#") == "a # one, #"
    assert hide(KEY + KEY + "x", [KEY], "#") in {"##x", "#x"}
    assert hide("nothing", ["", "absent"], "#") == "nothing"


@pytest.mark.parametrize(
    "document", [{"a": [{"b": f"x{KEY}y"}]}, {KEY: 1}, {"a": KEY[10:40]}, {"a": {KEY[:30]: [KEY]}}]
)
def test_an_answer_of_the_cloud_comes_without_the_key(document):
    cleaned = CloudTextRedactor(Secret(KEY)).document(document)
    assert not has_piece(repr(cleaned))
    assert CloudTextRedactor(Secret("another-key-of-some-length")).document(document) is document
    assert CloudTextRedactor(None).document(document) is document


@pytest.mark.parametrize("odd", ['quote"backslash\\and-more-of-it', "tab\tin-the-middle-of-it-all"])
def test_a_key_that_json_spells_otherwise_is_found(odd):
    assert CloudTextRedactor(Secret(odd)).document({"a": f"<{odd}>"}) != {"a": f"<{odd}>"}


def poll(**members: str) -> CloudResponse:
    return CloudResponse(200, {"status": "authenticated", "apiKey": KEY, **members}, None)


@pytest.mark.parametrize("prefix", [KEY, KEY[:20], KEY[30:], "x" * 16])
def test_a_prefix_that_is_more_than_one_is_not_shown(prefix):
    assert read_poll(poll(keyPrefix=prefix), CloudTextRedactor(None)).key_prefix is None
    assert read_poll(poll(keyPrefix=KEY[:12]), CloudTextRedactor(None)).key_prefix == KEY[:12]


@pytest.mark.parametrize("key", [f"{KEY}\0", f"{KEY}\n", f"{KEY}\u00e9", f" {KEY}", "two words"])
def test_a_key_that_no_header_and_no_environment_can_carry_is_refused(key):
    with pytest.raises(KeyUnavailable) as caught:
        read_poll(poll(apiKey=key), CloudTextRedactor(None))
    assert not has_piece(str(caught.value))


@pytest.mark.parametrize("text", [f"{TOKEN}\nx", f"{TOKEN}\u20ac", "two words", f"{TOKEN}\0"])
def test_the_command_line_does_not_show_a_token_that_it_cannot_send(text, tmp_path):
    torn = tmp_path / "token"
    torn.write_text(text)
    for ask in (
        lambda: service_token({"ELIZA_API_TOKEN": text}, "http://127.0.0.1:1", None),
        lambda: service_token({}, "http://127.0.0.1:1", torn),
    ):
        with pytest.raises(CliError) as caught:
            ask()
        assert not Canary("token", TOKEN).found_in(
            f"{caught.value} {caught.value.remedy} {caught.value.body}".encode()
        )


@pytest.mark.parametrize("name", ["ELIZA_API_PORT", "ELIZA_PORT", "ELIZA_API_BIND"])
def test_nor_a_secret_in_a_variable_for_an_address(name):
    with pytest.raises(CliError) as caught:
        service_url({name: TOKEN})
    assert TOKEN[:20] not in f"{caught.value} {caught.value.body}"


def test_nor_one_in_the_user_info_of_an_address():
    with pytest.raises(CliError) as caught:
        Service(f"http://user:{TOKEN}@127.0.0.1:1").get("/api/cloud/status")
    assert TOKEN[:20] not in f"{caught.value} {caught.value.remedy} {caught.value.body}"
