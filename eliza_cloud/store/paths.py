"""Where the state lives (local-api §15)."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from eliza_cloud.store.config.env import CONFIG_PATH, STATE_DIR, value_of
from eliza_cloud.store.errors import ConfigError, StoreError, file_errors


class StatePaths(msgspec.Struct, frozen=True):
    """The files of one service; all absolute."""

    directory: Path
    config: Path
    database: Path
    token: Path
    lock: Path
    signed_out: Path


def state_paths(environ: Mapping[str, str]) -> StatePaths:
    """Read ELIZA_STATE_DIR (default ~/.eliza) and ELIZA_CONFIG_PATH, which wins for eliza.json alone."""
    directory = _absolute(value_of(environ, STATE_DIR) or "~/.eliza", environ)
    config = value_of(environ, CONFIG_PATH)
    return StatePaths(
        directory=directory,
        config=_absolute(config, environ) if config else directory / "eliza.json",
        database=directory / "agent.sqlite3",
        token=directory / "api-token",
        lock=directory / "serve.lock",
        signed_out=directory / "signed-out-keys",
    )


def missing_config(environ: Mapping[str, str], paths: StatePaths) -> bool:
    """Tell whether ELIZA_CONFIG_PATH names a file that is not there; ConfigError for a directory."""
    if value_of(environ, CONFIG_PATH) is None:
        return False
    with file_errors("look at", paths.config):
        if paths.config.is_dir():
            raise ConfigError(
                f"{CONFIG_PATH}: expected a file, found the directory {paths.config}; set it to a file in"
                " there, such as eliza.json."
            )
        return not paths.config.exists()


def _absolute(text: str, environ: Mapping[str, str]) -> Path:
    home = value_of(environ, "HOME")
    if home and (text == "~" or text.startswith("~/")):
        text = home + text[1:]
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise StoreError(f"No home directory is known for {text}; set {STATE_DIR} to a directory.") from None
