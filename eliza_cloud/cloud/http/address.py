"""Where the cloud is: the API and its pages, which a redirect between hosts of one cloud moves."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from yarl import URL

from eliza_cloud.cloud.errors import BaseUrlRefused
from eliza_cloud.cloud.http.base_url import BaseUrl, parse_base_url
from eliza_cloud.cloud.http.hosts import is_same_cloud, pages_of


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
