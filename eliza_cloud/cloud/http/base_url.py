"""The cloud's base URL: what is accepted, and the URLs made from it (local-api §18).

Accepted is HTTPS to a public host. `ELIZA_CLOUD_ALLOW_LOOPBACK=1` (here `allow_loopback`) adds http(s) to
127.0.0.0/8, ::1 and exactly `localhost`. Nothing here opens a connection; what a name resolves to is checked
by `transport` when it connects.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from yarl import URL

from eliza_cloud.cloud.errors import BaseUrlRefused, InvalidRequest
from eliza_cloud.cloud.http.hosts import is_agent_host
from eliza_cloud.cloud.http.ssrf import is_loopback_address, refuse_address
from eliza_cloud.core.problems import BASE_URL_REFUSED, PAGES_URL_REFUSED, UNUSABLE_ID
from eliza_cloud.redaction.cloud import KEY_SHAPE

__all__ = ["DEFAULT_BASE_URL", "BaseUrl", "parse_base_url", "parse_pages_url", "refuse_address"]

DEFAULT_BASE_URL = "https://www.elizacloud.ai"

_API_SUFFIX = "/api/v1"
#: A host whose last label is a number is read as an IPv4 address by URL parsers, whatever its base.
_NUMERIC_LABEL = re.compile(r"0x[0-9a-f]*|[0-9]+")
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A checked base URL. `site` has no trailing slash and no `/api/v1`; `str()` gives the site."""

    site: URL
    is_loopback: bool

    def __str__(self) -> str:
        return str(self.site).rstrip("/")

    def api(self, path: str) -> URL:
        """Return the URL of an endpoint under `/api/v1`; `path` is already percent-encoded."""
        return self._url(f"{_API_SUFFIX}/{path.lstrip('/')}")

    def at(self, path: str) -> URL:
        """Return the URL of a path of the site that begins with a slash; it is already percent-encoded."""
        return self._url(path)

    def login_session(self, session_id: str | None = None) -> URL:
        """Return the URL that creates sign-in sessions, or the one of a single session (cloud-api §7)."""
        return self._url("/api/auth/cli-session" + ("" if session_id is None else f"/{segment(session_id)}"))

    def login_page(self, session_id: str) -> str:
        """Return the page a person opens in a browser to sign in."""
        return str(self._url(f"/auth/cli-login?session={quote(session_id, safe='')}"))

    def _url(self, path: str) -> URL:
        return URL(f"{self}{path}", encoded=True)


def segment(text: str) -> str:
    """Percent-encode an id as one segment of a path; raises `InvalidRequest` for one that cannot be."""
    if not text.strip("."):
        raise InvalidRequest(UNUSABLE_ID.occurred())
    return quote(text, safe="")


def parse_base_url(text: str, *, allow_loopback: bool) -> BaseUrl:
    """Check and normalise a configured base URL; raises `BaseUrlRefused` with a sentence and a remedy."""
    try:
        return _checked(text.strip(), allow_loopback=allow_loopback)
    except _Refused as refused:
        raise BaseUrlRefused(BASE_URL_REFUSED.occurred(reason=refused)) from None


def parse_pages_url(text: str, *, allow_loopback: bool) -> BaseUrl:
    """Check and normalise the base URL of the pages a person opens, like `parse_base_url`."""
    try:
        return _checked(text.strip(), allow_loopback=allow_loopback)
    except _Refused as refused:
        raise BaseUrlRefused(PAGES_URL_REFUSED.occurred(reason=refused)) from None


class _Refused(ValueError):  # noqa: N818 - named after what happened
    """Why a URL is refused, as the end of a sentence."""


def _checked(text: str, *, allow_loopback: bool) -> BaseUrl:
    url, authority = _parse(text)
    host = _host(url, authority)
    # A full-width digit folds to a plain one; what is allowed as loopback has to be written plainly.
    is_loopback = (
        allow_loopback and authority.isascii() and (host == "localhost" or is_loopback_address(host))
    )
    if not is_loopback:
        if url.scheme != "https":
            raise _Refused("it does not start with https://")
        host = host.rstrip(".")
        reason = _refuse_host(host)
        if reason is not None:
            raise _Refused(reason)
    path = url.raw_path.rstrip("/").removesuffix(_API_SUFFIX).rstrip("/")
    netloc = f"[{host}]" if ":" in host else host
    if url.port != {"http": 80, "https": 443}[url.scheme]:
        netloc = f"{netloc}:{url.port}"
    return BaseUrl(site=URL(f"{url.scheme}://{netloc}{path}", encoded=True), is_loopback=is_loopback)


def _parse(text: str) -> tuple[URL, str]:
    """Parse an absolute http(s) URL without credentials, and return its authority as it was written too."""
    if KEY_SHAPE.search(text):
        raise _Refused("it contains an API key")
    if not text.isprintable() or " " in text or "\\" in text:
        raise _Refused("it contains a space or a character that does not belong into a URL")
    try:
        url = URL(text)
        authority = urlsplit(text).netloc
    except ValueError:
        raise _Refused("it is not a URL") from None
    if url.scheme not in {"http", "https"}:
        raise _Refused("it does not start with https://")
    if "@" in authority:
        raise _Refused("it contains a user name or password")
    if not url.raw_host or not url.port:
        raise _Refused("it names no host, or port 0")
    return url, authority


def _host(url: URL, authority: str) -> str:
    """Return the host in lower case; refuse brackets around anything that is not an IPv6 address."""
    host = (url.raw_host or "").lower()
    if ("[" in authority) != (":" in host):
        raise _Refused("its host is not a plain name or address")
    return host


def _refuse_host(host: str) -> str | None:
    """Say why a host may not be the cloud, or None; names are checked again when they resolve."""
    last_label = host.rpartition(".")[2]
    if ":" in host or _NUMERIC_LABEL.fullmatch(last_label):
        reason = refuse_address(host, allow_loopback=False)
        return None if reason is None else f"its host is {reason}"
    if host == "localhost" or last_label in {"localhost", "local"}:
        return "its host is a name of this machine or this network"
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        return "its host is not a valid name"
    if is_agent_host(host):
        return "its host is one agent's own, not the cloud's"
    return None
