"""A sign-in through the browser, for a program that has no key yet (architecture: Login)."""

import asyncio
import sys
from collections.abc import Callable

from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.cloud.http.address import DEFAULT_BASE_URL
from eliza_cloud.core.problems import KEY_UNAVAILABLE, LOGIN_ENDED
from eliza_cloud.core.states import LoginState
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.manager import CloudManager
from eliza_cloud.runtime.observers import LoginStepRecord, Observer
from eliza_cloud.runtime.program.log import log_through_logging
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.memory import MemoryStore, memory_credentials


class CloudLoginResult:
    """A new API key. `expires_at` is ISO 8601, or None for a key that does not expire.

    No representation, pickle or encoding of it shows the key; only `api_key` does.
    """

    __slots__ = ("_key", "expires_at", "key_prefix")

    def __init__(self, api_key: str, key_prefix: str | None, expires_at: str | None) -> None:
        self._key = Secret(api_key)
        self.key_prefix = key_prefix
        self.expires_at = expires_at

    @property
    def api_key(self) -> str:
        """The key in plain text, for `CloudConfig`."""
        return self._key.reveal()

    def __repr__(self) -> str:
        return f"CloudLoginResult(key_prefix={self.key_prefix!r}, expires_at={self.expires_at!r})"


def print_url(url: str) -> None:
    """Ask for the page to be opened, on stderr."""
    sys.stderr.write(f"Open this page to sign in to Eliza Cloud: {url}\n")
    sys.stderr.flush()


async def login(
    *,
    base_url: str = DEFAULT_BASE_URL,
    timeout: float = 300.0,
    request_timeout: float = 10.0,
    poll_interval: float = 2.0,
    on_browser_url: Callable[[str], object] = print_url,
    allow_loopback: bool = False,
) -> CloudLoginResult:
    """Sign in through the browser and return the key; it is kept nowhere. Times in seconds.

    `on_browser_url` gets the page a person has to open. A key that comes after a cancellation is revoked
    where the cloud allows it. Raises `BaseUrlRefused`, and `LinkError` when the cloud cannot be reached, when
    nobody signs in within `timeout`, or when the session ends without a key.
    """
    log_through_logging()
    config = CloudConfig(None, base_url, allow_loopback)
    store = MemoryStore()
    ended = _Ended()
    cloud = CloudSession(base_url, allow_loopback=allow_loopback)
    manager = CloudManager(
        settings=Settings(
            base_url=base_url,
            login_timeout=timeout,
            login_request_timeout=request_timeout,
            login_poll_interval=poll_interval,
        ),
        credentials=memory_credentials(None, str(config.parsed_base_url()), store),
        cloud=cloud,
        observers=[ended],
    )
    async with cloud, manager:
        session = await manager.start_login()
        on_browser_url(session.browser_url)
        await ended.flag.wait()
    record = await store.load()
    if record.key is None:
        raise LinkError(LOGIN_ENDED.occurred(what=ended.sentence))
    return CloudLoginResult(record.key.reveal(), record.key_prefix, record.key_expires_at)


class _Ended(Observer):
    """Notes that the sign-in has ended, and why."""

    def __init__(self) -> None:
        self.flag = asyncio.Event()
        self.sentence = KEY_UNAVAILABLE.title

    def on_login_step(self, record: LoginStepRecord) -> None:
        """Note a state that is an end."""
        facts = record.step.facts
        if facts.state not in {LoginState.IDLE, LoginState.PENDING}:
            self.sentence = facts.error or self.sentence
            self.flag.set()

    def on_crash(self) -> None:
        """Note that no key will come any more."""
        self.flag.set()
