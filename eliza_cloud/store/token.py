"""The bearer token of the local API: given, or generated once per state directory."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.atomic_file import exclusive, make_private, replace
from eliza_cloud.store.config.env import API_TOKEN, value_of
from eliza_cloud.store.errors import ConfigError, StoreError, file_errors
from eliza_cloud.store.paths import StatePaths

_MAX_BYTES = 4096


def api_token(environ: Mapping[str, str], paths: StatePaths) -> tuple[Secret, Path | None]:
    """Return the token and the file it is kept in (None when ELIZA_API_TOKEN gives it); makes a missing one.

    Processes that race for a missing file all return the same token. Raises StoreError.
    """
    given = given_token(environ)
    if given is not None:
        return given, None
    with exclusive(paths.token):
        token = _read(paths.token)
        if token is None:
            token = secrets.token_hex(32)
            replace(paths.token, f"{token}\n".encode())
        make_private(paths.token)
    return Secret(token), paths.token


def given_token(environ: Mapping[str, str]) -> Secret | None:
    """Return the token that ELIZA_API_TOKEN gives, None when it is unset; raises ConfigError."""
    given = value_of(environ, API_TOKEN)
    if given is None:
        return None
    if not _is_usable(given):
        raise ConfigError(f"{API_TOKEN}: expected printable ASCII characters without blanks; set another.")
    return Secret(given)


def _read(path: Path) -> str | None:
    with file_errors("read the token file", path):
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return None
    token = content.decode("ascii", "replace").strip()
    if len(content) > _MAX_BYTES or not _is_usable(token):
        raise StoreError(f"The token file {path} holds no usable token; delete it and a new one is made.")
    return token or None


def _is_usable(token: str) -> bool:
    """Tell whether a header can carry it as it is."""
    return all(" " < character <= "~" for character in token)
