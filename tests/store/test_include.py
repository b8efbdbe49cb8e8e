"""`$include` in eliza.json: read as if it stood there, from the file's directory, and not written."""

import json

import pytest

from eliza_cloud.store.config.file import ConfigError
from eliza_cloud.store.signed_out import SignedOutKeys

KEY = "eliza_" + "0123456789abcdef" * 4


@pytest.fixture
def beside(paths):
    """Write files beside eliza.json."""

    def write(**files):
        for name, text in files.items():
            path = paths.directory / f"{name}.json5"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_what_is_beside_it_wins_and_later_files_win_over_earlier_ones(config, put, beside):
    put('{"$include": ["./a.json5", "b.json5"], "cloud": {"bridge": {"maxFailures": 4}}}')
    beside(a="{cloud: {bridge: {maxFailures: 2}, enabled: true}, a: 1, b: 1}", b="{b: 2}")
    assert config.read() == {"cloud": {"bridge": {"maxFailures": 4}, "enabled": True}, "a": 1, "b": 2}


def test_it_may_stand_anywhere_and_in_what_is_included(config, put, beside):
    put('{"env": {"$include": "./a.json5"}}')
    beside(a='{"$include": "./b.json5", A: "1"}', b='{B: "2"}')
    assert config.read() == {"env": {"A": "1", "B": "2"}}


def test_what_comes_from_there_is_never_written_back(config, put, beside, paths):
    put('{"$include": "./a.json5", "mine": 1}')
    beside(a="{a: 1}")
    config.update(lambda document: document.update(more=2))
    assert json.loads(paths.config.read_text()) == {"$include": "./a.json5", "mine": 1, "more": 2}
    assert (paths.directory / "a.json5").read_text() == "{a: 1}"
    assert config.read() == {"a": 1, "mine": 1, "more": 2}


@pytest.mark.parametrize("name", ["../outside.json5", "/etc/hostname", "link.json5", ".."])
def test_nothing_outside_its_directory_is_read(config, put, paths, name):
    put(json.dumps({"$include": name}))
    (paths.directory.parent / "outside.json5").write_text('{"secret": 1}')
    (paths.directory / "link.json5").symlink_to(paths.directory.parent / "outside.json5")
    with pytest.raises(ConfigError, match="only files in there are included"):
        config.read()


def test_ten_deep_is_the_most(config, put, beside):
    put('{"$include": "n1.json5"}')
    beside(
        **{f"n{number}": f'{{"$include": "n{number + 1}.json5"}}' for number in range(1, 10)}, n10="{a: 1}"
    )
    assert config.read() == {"a": 1}
    beside(n10='{"$include": "n11.json5"}', n11="{a: 1}")
    with pytest.raises(ConfigError, match="more than 10 deep; put the files into one"):
        config.read()
    beside(n10='{"$include": "n1.json5"}')
    with pytest.raises(ConfigError, match="more than 10 deep"):
        config.read()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("none.json5", 'there is no file "none.json5"; correct or remove it'),
        (3, "expected a path or a list of paths, found 3"),
        ([""], 'expected a path or a list of paths, found ""'),
    ],
)
def test_what_cannot_be_included_is_said(config, put, value, said):
    put(json.dumps({"$include": value}))
    with pytest.raises(ConfigError) as caught:
        config.read()
    assert said in str(caught.value)


async def test_a_key_that_is_included_counts_until_it_is_signed_out_and_is_then_ignored(
    credentials, put, beside, paths
):
    put('{"$include": "./a.json5"}')
    beside(a=f"{{cloud: {{apiKey: '{KEY}'}}}}")
    first = credentials(signed_out=SignedOutKeys(paths.signed_out))
    assert (await first.load()).key.reveal() == KEY
    await first.sign_out()
    assert first.key_left_in == (str(paths.config),)
    assert KEY in (paths.directory / "a.json5").read_text()
    assert (await credentials(signed_out=SignedOutKeys(paths.signed_out)).load()).key is None
