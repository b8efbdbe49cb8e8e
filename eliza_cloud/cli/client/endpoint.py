"""Where the running service is, and the token it wants (local-api §2)."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.core.problems import BINDING_UNUSABLE, TOKEN_EMPTY, TOKEN_UNREADABLE, TOKEN_UNUSABLE
from eliza_cloud.store.config.env import API_TOKEN, value_of
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import state_paths

DEFAULT_PORT = 31337
_HOST = re.compile(r"localhost|[0-9.]{1,15}|[0-9a-f:.]{2,45}", re.IGNORECASE)
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not bound


def service_url(environ: Mapping[str, str]) -> str:
    """Return the URL of this machine's service by ELIZA_API_BIND, ELIZA_API_PORT and ELIZA_PORT."""
    host = value_of(environ, "ELIZA_API_BIND") or "127.0.0.1"
    host = "127.0.0.1" if host in EVERYWHERE else host.strip("[]")
    port = value_of(environ, "ELIZA_API_PORT") or value_of(environ, "ELIZA_PORT") or str(DEFAULT_PORT)
    if not (port.isascii() and port.isdigit()) or not _HOST.fullmatch(host):
        raise CliError.of(BINDING_UNUSABLE, ExitCode.USAGE)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(url: str) -> bool:
    """Tell whether the URL names this machine and nothing else."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def service_token(environ: Mapping[str, str], url: str, token_file: Path | None) -> str | None:
    """Return the token: of `token_file`, of ELIZA_API_TOKEN, or of the state directory's token file.

    The last one belongs to this machine's service and is sent to no other. None where there is none: the
    service then says what it wants.
    """
    if token_file is not None:
        return _read(token_file)
    if token := value_of(environ, API_TOKEN):
        return _usable(token, API_TOKEN)
    try:
        path = state_paths(environ).token
    except StoreError as error:
        raise CliError(str(error), exit_code=ExitCode.USAGE) from error
    return _read(path) if is_loopback(url) and _may_be_there(path) else None


def _may_be_there(path: Path) -> bool:
    """Tell whether to try and read it: where one may not even look, reading says why not."""
    try:
        return path.exists()
    except OSError:
        return True


def _read(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise CliError.of(TOKEN_UNREADABLE, ExitCode.TOKEN_REFUSED, path=path, reason=reason) from None
    if not token:
        raise CliError.of(TOKEN_EMPTY, ExitCode.TOKEN_REFUSED, path=path)
    return _usable(token, f"The token file {path}")


def _usable(token: str, where: str) -> str:
    """Refuse what no header can carry, without showing it."""
    if all(" " < character <= "~" for character in token):
        return token
    raise CliError.of(TOKEN_UNUSABLE, ExitCode.TOKEN_REFUSED, source=where)
