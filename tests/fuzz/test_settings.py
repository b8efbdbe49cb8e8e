"""eliza.json with anything in it: settings and warnings, or one sentence that names what is wrong."""

import json
import math
from pathlib import Path

import json5
from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.store.config.api_key import key_in, put_key, remove_key
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import Settings, read_settings
from eliza_cloud.store.errors import ConfigError, StoreError
from tests.fuzz.invariants import check_typed
from tests.fuzz.odd_json import KEY, changed, changes, documents, scalars, write
from tests.fuzz.search import searched

EXAMPLE = json.loads(
    (Path(__file__).parents[2] / "eliza_cloud" / "deploy" / "eliza.example.json").read_text()
)
EXAMPLE["cloud"]["apiKey"] = KEY
WORDS = st.sampled_from(
    [
        "cloud",
        "backup",
        "bridge",
        "login",
        "apiKey",
        "baseUrl",
        "enabled",
        "timeoutMs",
        "maxFailures",
        "apikey",
    ]
)
CONFIGS = st.recursive(
    scalars, lambda inner: st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5), max_leaves=15
).map(lambda inner: {"cloud": inner})


def check_sentence(error):
    sentence = str(error)
    assert sentence
    assert sentence.isprintable(), sentence
    assert len(sentence) < 1500
    assert KEY not in sentence


def check_settings(document):
    try:
        settings, warnings = read_settings(document)
    except ConfigError as error:
        check_sentence(error)
        return
    check_typed(settings, Settings)
    assert all(isinstance(value, str) and KEY not in value and value.isprintable() for value in warnings)
    for name in Settings.__struct_fields__:
        value = getattr(settings, name)
        assert not isinstance(value, float) or (math.isfinite(value) and value >= 0.02)


@searched(400)
def test_any_document_gives_settings_or_a_sentence(how):
    @how
    @given(st.one_of(CONFIGS, documents.map(lambda inner: {"cloud": inner}), changes.map(_example)))
    def check(document):
        try:
            document = json.loads(write(document))
        except (ValueError, RecursionError):
            return
        if isinstance(document, dict):
            check_settings(document)

    check()


def _example(where):
    return changed(EXAMPLE, where)


PIECES = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
        b"'",
        b"//",
        b"/*",
        b"*/",
        b"\n",
        b"\\",
        b"\\u",
        b"0x",
        b"+",
        b".",
        b"NaN",
        b"Infinity",
        b"cloud",
        b'"apiKey"',
        b"\xff",
        b"\xef\xbb\xbf",
        b"\0",
        b"null",
        b"9" * 4400,
        KEY.encode(),
        b'"cloud":{',
        b'"a":1,',
        b"\xe2\x80\xa8",
        b"\xed\xa0\x80",
        b"\\x41",
    ]
)
FILES = st.one_of(
    st.binary(max_size=200),
    st.lists(PIECES, max_size=30).map(b"".join),
    changes.map(lambda where: write(changed(EXAMPLE, where))),
    CONFIGS.map(lambda document: json5.dumps(document).encode("utf-8", "replace")),
)


@searched(300)
def test_any_file_is_read_changed_and_cleaned_or_refused_untouched(how, tmp_path):
    path = tmp_path / "eliza.json"
    file = ConfigFile(path)

    @how
    @given(FILES)
    def check(content):
        for old in tmp_path.iterdir():
            old.unlink()
        path.write_bytes(content)
        try:
            before = file.read()
        except StoreError as error:
            check_sentence(error)
            check_refused(lambda: file.update(lambda document: put_key(document, "k" * 70)))
            assert path.read_bytes() == content
            return
        check_settings(before)
        if not isinstance(before.get("cloud", {}), dict):
            check_refused(lambda: file.update(lambda document: put_key(document, "k" * 70)))
            assert path.read_bytes() == content
            return
        file.update(lambda document: put_key(document, "k" * 70))
        after = file.read()
        assert key_in(after) == "k" * 70
        assert others(after) == others(before)
        file.update(lambda document: remove_key(document, {"k" * 70}), forget={"k" * 70})
        assert key_in(file.read()) is None
        assert all(b"k" * 70 not in left.read_bytes() for left in tmp_path.iterdir())

    check()


def others(document):
    """Return what signing in has nothing to do with."""
    cloud = {
        name: value for name, value in document.get("cloud", {}).items() if name not in {"apiKey", "enabled"}
    }
    return json.dumps({**document, "cloud": cloud})


def check_refused(change):
    try:
        change()
    except StoreError as error:
        check_sentence(error)
    else:
        raise AssertionError("a file that cannot be read was changed")
