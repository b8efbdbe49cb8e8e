"""eliza.json among other programs: nothing of theirs is lost, and half a file is not taken for all of it."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from eliza_cloud.store.config import file as config_file
from eliza_cloud.store.config.file import ConfigError, ConfigFile, StoreError
from eliza_cloud.store.errors import NotWritable
from tests.crash.store_problems import as_root
from tests.harness.processes import run

KEY = "eliza_" + "0123456789abcdef" * 4
TOKEN = "sk-proj-0123456789abcdef0123456789"


def put_key(document):
    document.setdefault("cloud", {})["apiKey"] = KEY


@pytest.fixture
def waits(monkeypatch):
    """Do something each time the file is waited for, instead of waiting."""
    done = []

    def wait(seconds):
        if done:
            done.pop(0)()

    monkeypatch.setattr(config_file.time, "sleep", wait)
    return done


class TestAnotherProgram:
    """It rewrites the file in place: first it empties it, then it writes."""

    @pytest.mark.parametrize("half", ["", '{"logging": {"lev'])
    def test_that_is_half_way_is_waited_for(self, config, put, paths, waits, half):
        put(half)
        waits += [lambda: None, lambda: put('{"logging": {"level": "error"}}')]
        config.update(put_key)
        assert config.read() == {"logging": {"level": "error"}, "cloud": {"apiKey": KEY}}

    def test_that_is_half_way_is_waited_for_by_a_reader_too(self, config, put, waits):
        put("")
        waits.append(lambda: put('{"a": 1}'))
        assert config.read() == {"a": 1}

    @pytest.mark.parametrize("half", ["", " ", '{"logging": {"lev'])
    def test_that_stays_half_way_is_not_written_over(self, config, put, paths, waits, half):
        put(half)
        with pytest.raises(ConfigError):
            config.update(put_key)
        assert paths.config.read_text() == half

    def test_that_writes_between_our_reading_and_writing_loses_nothing(self, config, put, waits):
        put('{"mine": 1}')
        theirs = [lambda: put('{"mine": 1, "theirs": 2}')]

        def change(document):
            put_key(document)
            if theirs:
                theirs.pop()()

        config.update(change)
        assert config.read() == {"mine": 1, "theirs": 2, "cloud": {"apiKey": KEY}}

    def test_that_makes_the_file_between_our_reading_and_writing_loses_nothing(self, config, put, waits):
        theirs = [lambda: put('{"theirs": 2}')]

        def change(document):
            put_key(document)
            if theirs:
                theirs.pop()()

        config.update(change)
        assert config.read() == {"theirs": 2, "cloud": {"apiKey": KEY}}

    def test_that_has_the_file_open_to_write_is_waited_for(self, config, put, paths, waits):
        put('{"mine": 1}')
        theirs = paths.config.open("r+")

        def finish():
            theirs.write('{"mine": 1, "theirs": 2}')
            theirs.close()

        waits += [lambda: None, finish]
        config.update(put_key)
        assert config.read() == {"mine": 1, "theirs": 2, "cloud": {"apiKey": KEY}}

    def test_that_never_ends_is_said(self, config, put, paths, waits):
        put('{"mine": 1}')
        with (
            paths.config.open("r+"),
            pytest.raises(StoreError, match="another program goes on writing it; let that finish, then try"),
        ):
            config.update(put_key)
        assert paths.config.read_text() == '{"mine": 1}'

    def test_that_writes_all_the_time_loses_nothing_and_no_signal_ends_us(self, config, put, paths):
        put("{}")
        theirs = (
            "import json, pathlib, sys\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "for number in range(300):\n"
            "    try: document = json.loads(path.read_text())\n"
            "    except ValueError: continue\n"
            "    document['theirs'] = number\n"
            "    path.write_text(json.dumps(document))\n"
            "    written = number\n"
            "print(written)\n"
        )
        done = threading.Event()
        written = []

        def write():
            written.append(run(sys.executable, "-c", theirs, paths.config).stdout)
            done.set()

        other = threading.Thread(target=write)
        other.start()
        number = 0
        while not done.is_set():
            number += 1
            config.update(lambda document, number=number: document.update({f"ours{number}": number}))
        other.join()
        assert config.read()["theirs"] == int(written[0])
        assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL


class TestTheCopyOfTheLastGoodFile:
    def test_is_private_and_holds_neither_key_nor_token(self, config, put, paths):
        put(json.dumps({"cloud": {"apiKey": KEY}, "env": {"OPENAI_API_KEY": TOKEN}, "mine": [1]}))
        config.update(lambda document: document.update(more=1))
        copy = paths.config.with_name("eliza.json.bak")
        assert copy.stat().st_mode & 0o777 == 0o600
        assert json.loads(copy.read_text()) == {
            "cloud": {"apiKey": ""},
            "env": {"OPENAI_API_KEY": ""},
            "mine": [1],
        }

    def test_outlives_a_file_that_was_emptied(self, config, put, paths, waits):
        put('{"mine": 1}')
        config.update(put_key)
        put("")
        with pytest.raises(ConfigError):
            config.update(put_key)
        assert json.loads(paths.config.with_name("eliza.json.bak").read_text()) == {"mine": 1}

    def test_can_be_made_without_a_write(self, config, put, paths):
        put('{"mine": 1}')
        config.keep_copy()
        config.keep_copy()
        assert paths.config.with_name("eliza.json.bak").read_text() == '{"mine": 1}'
        assert paths.config.read_text() == '{"mine": 1}'


@pytest.fixture
def mounted(paths, put, tmp_path):
    """eliza.json is a mount of its own, as a file that is handed into a container is."""
    outside = tmp_path / "outside.json"
    outside.write_text('{"mine": 1, "long": "' + "x" * 5000 + '"}')
    put("")
    as_root("mount", "--bind", outside, paths.config)
    yield outside
    assert run("umount", "--lazy", paths.config).returncode == 0


class TestAFileThatIsAMount:
    def test_is_written_in_place(self, config, paths, mounted):
        inode = mounted.stat().st_ino
        config.update(put_key)
        assert json.loads(mounted.read_text())["cloud"] == {"apiKey": KEY}
        config.update(lambda document: document.pop("long"))
        assert json.loads(mounted.read_text()) == {"mine": 1, "cloud": {"apiKey": KEY}}
        assert mounted.stat().st_ino == inode
        assert not [path for path in paths.directory.iterdir() if path.name.startswith(".")]

    def test_that_a_kill_left_half_written_is_completed(self, config, paths, mounted):
        paths.config.with_name(".eliza.json.new").write_text('{"cloud": {"apiKey": "new"}}')
        mounted.write_text('{"cloud": {"api')
        config.discard_leftovers()
        assert config.read() == {"cloud": {"apiKey": "new"}}
        assert not paths.config.with_name(".eliza.json.new").exists()

    def test_that_somebody_wrote_since_a_kill_is_left_as_it_is(self, config, paths, mounted):
        paths.config.with_name(".eliza.json.new").write_text('{"cloud": {"apiKey": "new"}}')
        config.discard_leftovers()
        assert config.read()["mine"] == 1
        assert not paths.config.with_name(".eliza.json.new").exists()

    def test_that_is_read_only_is_said_and_leaves_nothing_beside(self, config, paths, mounted):
        as_root("mount", "-o", "remount,bind,ro", paths.config)
        with pytest.raises(NotWritable, match="the file system is read-only"):
            config.update(put_key)
        assert json.loads(mounted.read_text())["mine"] == 1
        assert not [path for path in paths.directory.iterdir() if path.name.startswith(".")]


def test_a_descriptor_is_not_left_open(config, put):
    put("{}")
    config.update(put_key)
    before = len([*Path("/proc/self/fd").iterdir()])
    for number in range(5):
        config.update(lambda document, number=number: document.update(n=number))
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_directory_that_cannot_be_synced_is_no_failure(config, monkeypatch):
    """CIFS and FUSE answer EINVAL."""
    really = os.fsync

    def sync(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(22, "Invalid argument")
        really(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    config.update(put_key)
    assert ConfigFile(config.path).read() == {"cloud": {"apiKey": KEY}}
