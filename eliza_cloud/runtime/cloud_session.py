"""The way to the cloud: one pair of origins, one session, a client for each key."""

from collections.abc import Callable, Iterable
from typing import Self

import aiohttp

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.errors import BaseUrlRefused
from eliza_cloud.cloud.http.address import BaseUrl, CloudAddress, Origins, parse_base_url, parse_pages_url
from eliza_cloud.cloud.http.request import Timeouts
from eliza_cloud.cloud.http.session import open_session
from eliza_cloud.core.problems import BASE_URL_REFUSED, Problem
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.errors import LinkError


class CloudSession:
    """Makes clients over one shared session, opened at the first call.

    A base URL that is refused is kept as `refusal`: the service runs, and every call answers with it
    (`LinkError`, status 400) before a connection is made. `traces` hear of each request. A `session` that is
    given is used instead of one of its own, and closed like that. `listener`, once set, hears of each move of
    the cloud to another of its hosts; `configured` is the base URL that is set, None for one that is refused.
    """

    def __init__(
        self,
        base_url: str,
        *,
        allow_loopback: bool,
        pages_url: str | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        traces: Iterable[aiohttp.TraceConfig] = (),
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self.configured: BaseUrl | None = None
        self._traces = tuple(traces)
        self._timeouts = timeouts
        self._address: CloudAddress | None = None
        self._refused: Problem | None = None
        self._session = session
        self._newest: tuple[Secret | None, ElizaCloudClient] | None = None
        self.listener: Callable[[Origins], object] | None = None
        try:
            pages = None if pages_url is None else parse_pages_url(pages_url, allow_loopback=allow_loopback)
            self.configured = parse_base_url(base_url, allow_loopback=allow_loopback)
            self._address = CloudAddress(self.configured, pages, on_moved=self._moved)
        except BaseUrlRefused as refused:
            self._refused = refused.problem

    @property
    def refusal(self) -> Problem | None:
        """Why no call will be made; None when calls can be made."""
        return self._refused

    @property
    def origins(self) -> Origins | None:
        """The base URLs of API and pages that are in use now; None when the base URL is refused."""
        return None if self._address is None else self._address.origins

    def resume_at(self, base_url: str) -> None:
        """Begin at the host that an earlier run was sent to."""
        if self._address is not None:
            self._address.resume_at(base_url)

    def client(self, key: Secret | None) -> ElizaCloudClient:
        """Return a client that signs with `key`; raises `LinkError` when the base URL is refused.

        The same key gets the same client, which knows by then under which prefix the cloud serves agents.
        """
        if self._address is None:
            raise LinkError(self._refused or BASE_URL_REFUSED.occurred(reason="there is none"))
        if self._session is None:
            self._session = open_session(self._address.base_url, traces=self._traces)
        if self._newest is None or self._newest[0] != key:
            client = ElizaCloudClient(
                CloudConfig.of(self._address.base_url, key),
                session=self._session,
                address=self._address,
                timeouts=self._timeouts,
            )
            self._newest = (key, client)
        return self._newest[1]

    def _moved(self, origins: Origins) -> None:
        if self.listener is not None:
            self.listener(origins)

    def forget_key(self) -> None:
        """Drop the client made last, and the key with it."""
        self._newest = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        self.forget_key()
