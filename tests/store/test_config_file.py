"""eliza.json: reading, and writing that loses nothing."""

import errno
import json
import os
import threading
from pathlib import Path

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.store.config.file import ConfigError, ConfigFile, StoreError

KEY = "eliza_" + "0123456789abcdef" * 4
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


def put_key(document):
    document.setdefault("cloud", {})["apiKey"] = KEY


def mode(path):
    return path.stat().st_mode & 0o777


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_missing_file_is_an_empty_document(config):
    assert config.read() == {}


def test_reading_creates_nothing(config, paths):
    config.read()
    assert not paths.directory.exists()


def test_json5_is_read(config, put):
    put("{cloud: {apiKey: 'k', /* old */ enabled: true,}, // end\n \"$include\": './more.json5', n: 0x10}")
    found = config.parsed().document
    assert found == {"cloud": {"apiKey": "k", "enabled": True}, "$include": "./more.json5", "n": 16}


def test_it_is_written_as_plain_json_with_two_spaces_and_a_final_newline(config, put, paths):
    put('{"name":"Zoë"}')
    config.update(put_key)
    expected = '{\n  "name": "Zoë",\n  "cloud": {\n    "apiKey": "%s"\n  }\n}\n'
    assert paths.config.read_text("utf-8") == expected % KEY


def test_nothing_is_written_when_nothing_changed(config, put, paths):
    put('{"b": 1,   "a": [2]}')
    before = paths.config.stat()
    config.update(lambda document: None)
    after = paths.config.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_one_becoming_true_is_a_change(config, put, paths):
    put('{"cloud": {"enabled": 1}}')
    config.update(lambda document: document["cloud"].update(enabled=True))
    assert '"enabled": true' in paths.config.read_text()


@pytest.mark.parametrize("change", [put_key, lambda document: None])
def test_the_file_is_private_afterwards_whatever_it_was_before(config, put, paths, change):
    put("{}")
    paths.config.chmod(0o644)
    config.update(change)
    assert mode(paths.config) == 0o600


def test_everything_created_is_private_whatever_the_umask(config, paths):
    previous = os.umask(0)
    try:
        config.update(put_key)
    finally:
        os.umask(previous)
    assert mode(paths.directory) == 0o700
    assert {path.name: mode(path) for path in paths.directory.iterdir()} == {
        "eliza.json": 0o600,
        "eliza.json.lock": 0o600,
    }


def test_a_directory_that_was_there_keeps_its_mode(config, put, paths):
    put("{}")
    paths.directory.chmod(0o755)
    config.update(put_key)
    assert mode(paths.directory) == 0o755


def test_a_symbolic_link_stays_one(tmp_path, paths):
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    real = dotfiles / "eliza.json"
    real.write_text('{"mine": 1}')
    paths.directory.mkdir()
    paths.config.symlink_to(real)
    ConfigFile(paths.config).update(put_key)
    assert paths.config.is_symlink()
    assert json.loads(real.read_text()) == {"mine": 1, "cloud": {"apiKey": KEY}}
    assert names(paths.directory) == ["eliza.json"]


def test_two_names_of_one_file_share_one_lock(tmp_path, config, put, paths):
    put("{}")
    link = tmp_path / "link.json"
    link.symlink_to(paths.config)
    inner = ConfigFile(link)
    seen = []

    def other():
        inner.update(lambda document: seen.append(dict(document)))

    def change(document):
        thread.start()
        document["first"] = 1

    thread = threading.Thread(target=other)
    config.update(change)
    thread.join()
    assert seen == [{"first": 1}]


class TestOriginalThatWasNotPlainJson:
    def test_is_kept_once_more_without_the_key(self, config, put, paths):
        put(f"{{\n  // my notes, {KEY}\n  cloud: {{apiKey: '{KEY}'}},\n}}\n")
        config.update(lambda document: document.update(more=1))
        backup = paths.directory / "eliza.json.bak"
        assert backup.read_text() == "{\n  // my notes, \n  cloud: {apiKey: ''},\n}\n"
        assert mode(backup) == 0o600
        assert json.loads(paths.config.read_text()) == {"cloud": {"apiKey": KEY}, "more": 1}

    def test_is_kept_without_a_short_key_and_with_its_words_whole(self, config, put, paths):
        put("{cloud: {apiKey: 'test'}, /* tested */ a: 'tester'}")
        config.update(lambda document: document["cloud"].pop("apiKey"))
        backup = paths.directory / "eliza.json.bak"
        assert backup.read_text() == "{cloud: {apiKey: ''}, /* tested */ a: 'tester'}"

    def test_is_kept_without_its_comments_when_its_key_is_spelled_with_escapes(self, config, put, paths):
        put("{cloud: {apiKey: '\\x65KEY'}} // note".replace("KEY", KEY[1:]))
        config.update(lambda document: document["cloud"].pop("apiKey"))
        assert json.loads((paths.directory / "eliza.json.bak").read_text()) == {"cloud": {"apiKey": ""}}

    def test_its_comments_outlive_the_copies_of_later_writes(self, config, put, paths):
        put("{a: 1} // note")
        config.update(lambda document: document.update(b=2))
        config.update(lambda document: document.update(c=3))
        assert (paths.directory / "eliza.json.json5").read_text() == "{a: 1} // note"
        assert json.loads((paths.directory / "eliza.json.bak").read_text()) == {"a": 1, "b": 2}

    def test_is_not_kept_when_nothing_is_written(self, config, put, paths):
        put("{a: 1} // note")
        config.update(lambda document: None)
        assert paths.config.read_text() == "{a: 1} // note"
        assert names(paths.directory) == ["eliza.json", "eliza.json.lock"]


class TestStrangeContent:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'{\n  "cloud": oops\n}', 'line 2, column 12: unexpected "o"; correct it or move the file away'),
            (b"{ cloud: ", "line 1, column 10: unexpected end of input"),
            (b"[1, 2]", "expected an object at the top, found a list"),
            (b"42", "expected an object at the top, found 42"),
            (b'{"a": 1, "a": 2}', '"a" appears twice in one object'),
            (b"{a: {b: 1, b: 2}} // twice", '"b" appears twice in one object'),
            (b'{"a": "\xff"}', "not UTF-8 text at byte 7"),
            (b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}", "nested deeper than 40 levels"),
            (b'{"a": ' + b"[" * 100_000, "nested deeper than 40 levels"),
            (b"{a: " + b"[" * 500 + b"]" * 500 + b"}", "nested deeper than 40 levels"),
            (b'{"a": "' + b"x" * 1024 * 1024 + b'"}', "larger than 1048576 bytes"),
            (b'{"a": "' + b"x" * 128 * 1024 + b'",}', "must be plain JSON"),
            (b'{"a": ' + b"1" * 5000 + b"}", "a number has too many digits"),
            (b"{a: 0x" + b"f" * 5000 + b"}", "a number has too many digits"),
            (b"// nothing but a note", "unexpected end"),
            (b"", "the file is empty; write {} into it, or remove it."),
            (b" \n", "the file is empty; write {} into it, or remove it."),
        ],
    )
    def test_is_an_error_that_names_file_place_and_remedy(self, config, put, paths, content, said):
        put("")
        paths.config.write_bytes(content)
        for use in (config.read, lambda: config.update(put_key)):
            with pytest.raises(ConfigError) as caught:
                use()
            assert str(caught.value).startswith(f"{paths.config}: ")
            assert said in str(caught.value)
            assert str(caught.value).endswith(".")
        assert paths.config.read_bytes() == content

    def test_an_error_never_shows_the_key(self, config, put):
        put(f'{{"cloud": {{"apiKey": "{KEY}" oops}}}}')
        with pytest.raises(ConfigError) as caught:
            config.read()
        assert "0123" not in str(caught.value)

    def test_a_byte_order_mark_long_numbers_and_lone_surrogates_are_kept(self, config, put, paths):
        put('\ufeff{"n": 123456789012345678901234567890, "s": "\\ud800", "inf": Infinity}')
        config.update(put_key)
        document = config.read()
        assert document["n"] == 123456789012345678901234567890
        assert document["s"] == "\ud800"
        assert document["inf"] == float("inf")

    def test_forty_levels_survive_an_update_in_either_syntax(self, config, put):
        for text in ('{"a": ' + "[" * 39 + "]" * 39 + "}", "{a: " + "[" * 39 + "]" * 39 + "}"):
            put(text)
            before = config.read()["a"]
            config.update(put_key)
            assert config.read()["a"] == before


@given(document=st.dictionaries(st.text().filter(lambda name: name != "cloud"), json_values, max_size=5))
def test_unknown_keys_survive_any_update(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("state") / "eliza.json"
    text = json.dumps(document)
    path.write_text(text)
    ConfigFile(path).update(put_key)
    assert ConfigFile(path).parsed().document == {**json.loads(text), "cloud": {"apiKey": KEY}}


class TestFailures:
    @pytest.mark.parametrize("failing", ["fsync", "replace"])
    def test_a_full_disk_is_said_and_the_old_file_stands(self, config, put, paths, monkeypatch, failing):
        put('{"mine": 1}')

        def refuse(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, failing, refuse)
        monkeypatch.setattr(Path, failing, refuse, raising=False)
        with pytest.raises(
            StoreError, match=r"Cannot write .*: the disk is full; free some space and try again"
        ):
            config.update(put_key)
        assert paths.config.read_text() == '{"mine": 1}'
        assert names(paths.directory) == ["eliza.json", "eliza.json.lock"]

    def test_a_directory_that_may_not_be_written_is_said(self, read_only):
        config = ConfigFile(read_only / "eliza.json")
        assert config.read()["cloud"]["apiKey"].startswith("eliza_readonly")
        with pytest.raises(
            StoreError, match="permission denied; give the user who runs the service the right"
        ):
            config.update(lambda document: document.update(a=1))

    def test_a_file_in_the_place_of_the_directory_is_said(self, paths):
        paths.directory.write_text("")
        with pytest.raises(StoreError, match="Cannot create the directory"):
            ConfigFile(paths.config).update(put_key)

    def test_a_directory_in_the_place_of_the_file_is_said(self, config, paths):
        paths.config.mkdir(parents=True)
        with pytest.raises(StoreError, match="it is a directory; move the directory away"):
            config.read()

    def test_a_lock_that_is_not_given_back_is_said(self, config, put, paths, monkeypatch):
        put("{}")
        monkeypatch.setattr("eliza_cloud.store.atomic_file.LOCK_TIMEOUT", 0)
        with (
            filelock.FileLock(f"{paths.config}.lock"),
            pytest.raises(StoreError, match="another program is using it; close that and try again"),
        ):
            config.update(put_key)

    def test_a_change_that_fails_writes_nothing(self, config, put, paths):
        put('{"mine": 1}')

        def fail(document):
            document["half"] = 1
            raise ConfigError("no")

        with pytest.raises(ConfigError):
            config.update(fail)
        assert paths.config.read_text() == '{"mine": 1}'


def test_what_a_killed_writer_left_is_removed_by_the_next_write(config, put, paths):
    put("{}")
    left = paths.directory / ".eliza.json.tmp"
    left.write_text(KEY)
    config.update(lambda document: None)
    assert not left.exists()


def test_row_20_two_processes_never_lose_each_others_keys(child, config, paths):
    writers = [child("write", paths.config, name, 25) for name in ("a", "b")]
    assert [writer.wait() for writer in writers] == [0, 0]
    expected = {f"{name}{number}": number for name in ("a", "b") for number in range(25)}
    assert config.read() == expected
