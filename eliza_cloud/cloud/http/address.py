"""Where the cloud is: accepted base URLs, the cloud's hosts, where a redirect moves it (local-api §18).

Accepted is HTTPS to a public host. `ELIZA_CLOUD_ALLOW_LOOPBACK=1` (here `allow_loopback`) adds http(s) to
127.0.0.0/8, ::1 and exactly `localhost`. Nothing here opens a connection; what a name resolves to is
checked by `session` when it connects. The control-plane hosts are known by their exact names: two clouds,
each with one set of keys. A host of an agent (`<uuid>.cloud.eliza.app`) is not among them: it belongs to a
customer, and any request to it starts that agent. Why some redirects
are followed, and no others: (decisions: Redirects stay within one cloud).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from yarl import URL

from eliza_cloud.cloud.errors import BaseUrlRefused, InvalidRequest
from eliza_cloud.cloud.http.ssrf import is_loopback_address, refuse_address
from eliza_cloud.core.problems import BASE_URL_REFUSED, PAGES_URL_REFUSED, UNUSABLE_ID
from eliza_cloud.redaction.secret import KEY_SHAPE


class _Cloud(NamedTuple):
    """One control plane: every host that has served it, and the one that serves its pages today."""

    hosts: frozenset[str]
    pages: str


_PRODUCTION = _Cloud(
    frozenset(
        {
            "elizacloud.ai",
            "www.elizacloud.ai",
            "dev.elizacloud.ai",
            "app.elizacloud.ai",
            "api.elizacloud.ai",
            "eliza.app",
            "cloud.eliza.app",
            "api.eliza.app",
        }
    ),
    "cloud.eliza.app",
)
_STAGING = _Cloud(
    frozenset(
        {
            "api-staging.elizacloud.ai",
            "staging.eliza.app",
            "cloud-staging.eliza.app",
            "api-staging.eliza.app",
        }
    ),
    "cloud-staging.eliza.app",
)
_CLOUDS = {host: cloud for cloud in (_PRODUCTION, _STAGING) for host in cloud.hosts}
#: The hosts without the sign-in page and the others of the web app.
_WITHOUT_PAGES = {
    "api.elizacloud.ai",
    "api.eliza.app",
    "eliza.app",
    "api-staging.elizacloud.ai",
    "api-staging.eliza.app",
    "staging.eliza.app",
}
_AGENT_HOST = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(cloud\.eliza\.app|cloud-staging\.eliza\.app|elizacloud\.ai)"
)
_BILLING_PAGE = "/cloud/billing"
_FORMER_BILLING_PAGE = "/dashboard/settings?tab=billing"


def is_same_cloud(one: URL, other: URL) -> bool:
    """Tell whether both URLs are on https origins of one of the listed clouds."""
    cloud = _cloud_of(one)
    return cloud is not None and cloud is _cloud_of(other)


def same_cloud(one: str, other: str) -> bool:
    """Tell whether a key of one base URL belongs to the other: it is the same, or both are of one cloud."""
    try:
        return one == other or is_same_cloud(URL(one), URL(other))
    except ValueError:
        return False


def pages_of(api: URL, *, after_redirect: bool = False) -> URL | None:
    """Return the origin of the pages that belong to an API; None where they are on the API's own.

    A host that still answers serves its own pages; one that a redirect led to has those of its cloud.
    """
    cloud = _cloud_of(api)
    if cloud is None or (api.host not in _WITHOUT_PAGES and not after_redirect):
        return None
    return URL(f"https://{cloud.pages}")


def billing_page(pages: URL) -> str:
    """Return the path of the page about money on the origin of the pages."""
    cloud = _cloud_of(pages)
    return _BILLING_PAGE if cloud is not None and pages.host == cloud.pages else _FORMER_BILLING_PAGE


def is_agent_host(host: str) -> bool:
    """Tell whether a host in lower case is an agent's own."""
    return _AGENT_HOST.fullmatch(host) is not None


def _cloud_of(url: URL) -> _Cloud | None:
    """Return the cloud of an https URL on its default port."""
    if url.scheme != "https" or url.port != 443:
        return None
    return _CLOUDS.get((url.raw_host or "").lower())


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


@dataclass(frozen=True, slots=True)
class Origins:
    """The API's base URL, and the base URL of the pages a person opens, which is never fetched."""

    api: BaseUrl
    pages: BaseUrl


class CloudAddress:
    """The base URLs in use now, shared by the clients of one cloud.

    `pages_url` is the one that was set, if any; it stays through a move. `on_moved` hears of each move once,
    after the new host has answered; it must not raise.
    """

    def __init__(
        self,
        base_url: BaseUrl,
        pages_url: BaseUrl | None = None,
        *,
        on_moved: Callable[[Origins], object] = lambda _: None,
    ) -> None:
        self._pages_set = pages_url
        self._on_moved = on_moved
        self._origins = self._pair(base_url)

    @property
    def origins(self) -> Origins:
        """The present pair."""
        return self._origins

    @property
    def base_url(self) -> BaseUrl:
        """The API's base URL."""
        return self._origins.api

    @property
    def pages_url(self) -> BaseUrl:
        """The base URL of the pages."""
        return self._origins.pages

    def redirect_target(self, url: URL, status: int, location: str | None) -> URL | None:
        """Return where a redirected request may be repeated; None for a redirect that is not followed.

        Followed is 307 or 308 to the same path and query on another https origin of the same cloud. Where
        the base URL is on loopback, which takes the development switch, its origins stand for hosts.
        """
        if status not in {307, 308} or not location:
            return None
        try:
            target = URL(location, encoded=True)
            parts = urlsplit(location)
        except ValueError:
            return None
        if (
            "@" in parts.netloc
            or "\\" in location
            or target.fragment
            or not target.absolute
            or not target.port
        ):
            return None
        if target.raw_path_qs != url.raw_path_qs or target.origin() == url.origin():
            return None
        return target if is_same_cloud(url, target) or self._is_loopback_twin(url, target) else None

    def move_to(self, target: URL) -> None:
        """Use the origin of a URL that a redirect led to from now on."""
        site = f"{target.origin()}{self.base_url.site.raw_path}"
        base_url = parse_base_url(site, allow_loopback=self.base_url.is_loopback)
        if base_url != self.base_url:
            self._origins = self._pair(base_url, after_redirect=True)
            self._on_moved(self._origins)

    def resume_at(self, base_url: str) -> None:
        """Use the origin that an earlier run was sent to; one that no redirect could lead to is not used."""
        try:
            moved = parse_base_url(base_url, allow_loopback=self.base_url.is_loopback)
        except BaseUrlRefused:
            return
        if is_same_cloud(self.base_url.site, moved.site) or (self.base_url.is_loopback and moved.is_loopback):
            self._origins = self._pair(moved, after_redirect=True)

    def _pair(self, base_url: BaseUrl, *, after_redirect: bool = False) -> Origins:
        if self._pages_set is not None:
            return Origins(base_url, self._pages_set)
        pages = pages_of(base_url.site, after_redirect=after_redirect)
        return Origins(base_url, base_url if pages is None else BaseUrl(site=pages, is_loopback=False))

    def _is_loopback_twin(self, url: URL, target: URL) -> bool:
        if not self.base_url.is_loopback or target.scheme != url.scheme:
            return False
        try:
            return parse_base_url(str(target.origin()), allow_loopback=True).is_loopback
        except BaseUrlRefused:
            return False
