"""Signing in through the browser, as callers see it (architecture: Login)."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from eliza_cloud.cloud.errors import CloudError, KeyRefused, NotFound
from eliza_cloud.core import log_events
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.problems import (
    CLOUD_TIMEOUT,
    KEY_NOT_REVOCABLE,
    KEY_NOT_REVOKED,
    STOPPING,
    SUPERSEDED,
    Problem,
    particulars,
)
from eliza_cloud.core.states import LoginState
from eliza_cloud.runtime.activities.login_poller import LoginPoller
from eliza_cloud.runtime.clock import Clock, timeout
from eliza_cloud.runtime.cloud_session import CloudSession
from eliza_cloud.runtime.errors import LinkError
from eliza_cloud.runtime.loop import LinkLoop
from eliza_cloud.runtime.operations.cloud_calls import AuthorizedCalls
from eliza_cloud.runtime.tasks import BackgroundTasks
from eliza_cloud.store.config.settings import Settings

LAST_POLL_TIMEOUT = 2.0  # seconds
REVOKE_TIMEOUT = 5.0  # seconds

log = structlog.get_logger()


class SignedOut(msgspec.Struct, frozen=True):
    """What became of the key at the cloud; `note` says why it stays valid, if there was one."""

    key_revoked: bool = False
    note: str | None = None


KEPT = SignedOut(note="The key stays valid at Eliza Cloud, as it was asked for.")
GIVEN = SignedOut(
    note="The key stays valid at Eliza Cloud: it was not obtained by a sign-in here, so it is not revoked."
)


class SignIn:
    """Begins, shows and ends sign-ins; one is pending at a time."""

    __slots__ = ("_background_tasks", "_calls", "_clock", "_cloud_session", "_loop", "_settings")

    def __init__(
        self,
        *,
        loop: LinkLoop,
        cloud_session: CloudSession,
        calls: AuthorizedCalls,
        background_tasks: BackgroundTasks,
        clock: Clock,
        settings: Callable[[], Settings],
    ) -> None:
        self._loop = loop
        self._cloud_session = cloud_session
        self._calls = calls
        self._background_tasks = background_tasks
        self._clock = clock
        self._settings = settings

    async def start(self) -> login.LoginFacts:
        """Begin a sign-in, or return the one that is pending."""
        if not self._loop.running:
            raise LinkError(self._loop.why_not_running)
        return await self._background_tasks.run_once("login", self._open)

    def view(self, session_id: str) -> login.LoginView:
        """Say what became of a sign-in, from what is known here."""
        view = self._loop.logins.view(session_id)
        if view.status == LoginState.PENDING.value and not self._loop.running:
            raise LinkError(self._loop.why_not_running)
        return view

    async def cancel(self, session_id: str) -> login.LoginView:
        """Give a sign-in up; one that has ended stays as it is."""
        await self._loop.ask(login.CancelLogin(session_id)).accepted()
        return self._loop.logins.view(session_id)

    @property
    def pollers(self) -> Sequence[LoginPoller]:
        """The pollers at work now."""
        return self._loop.logins.pollers

    async def end(self, pollers: Sequence[LoginPoller]) -> None:
        """Wait for polls that are under way, for they may carry the only copy of a key; but not for long."""
        for poller in pollers:
            poller.finish()
        try:
            async with timeout(self._clock, LAST_POLL_TIMEOUT):
                for poller in pollers:
                    await self._loop.activities.ended(poller.name)
        except TimeoutError:
            self._loop.activities.cancel(*(poller.name for poller in pollers))

    async def revoke_unwanted_key(self, *, keep: bool, had_key: bool) -> SignedOut:
        """Revoke the key that was signed out, if our own sign-in obtained it and it is not to be kept.

        `had_key` tells whether there was one at all. What keeps it valid is said, never raised; where the
        cloud has no way to revoke it, that is no failure.
        """
        key, self._loop.effect_runner.unwanted_key = self._loop.effect_runner.unwanted_key, None
        if key is None:
            return GIVEN if had_key else SignedOut()
        if keep:
            return KEPT
        try:
            async with timeout(self._clock, REVOKE_TIMEOUT):
                await self._cloud_session.client(None).revoke_key(key)
        except asyncio.CancelledError:
            _not_revoked(_problem(STOPPING.title))
            raise
        except TimeoutError:
            return _not_revoked(_problem(CLOUD_TIMEOUT.says(seconds=round(REVOKE_TIMEOUT))))
        except (CloudError, LinkError) as error:
            if _is_not_offered(error):
                log.info(log_events.KEY_NOT_REVOKED, detail=KEY_NOT_REVOCABLE.says())
                return SignedOut(note=KEY_NOT_REVOCABLE.occurred().message)
            return _not_revoked(_problem(particulars(error.problem)))
        log.info(log_events.KEY_REVOKED)
        return SignedOut(key_revoked=True)

    async def _open(self) -> login.LoginFacts:
        logins, key_generation = self._loop.logins, self._loop.facts.key_generation
        if logins.pending is None:
            client = self._cloud_session.client(None)
            limit = self._settings().login_request_timeout
            session = await self._calls.bounded(client.create_login_session(timeout=limit))
            await self._loop.ask(
                login.LoginStarted(session.session_id, session.browser_url, session.revocable)
            ).accepted()
            if (
                self._loop.facts.key_generation != key_generation
            ):  # signed out while the session was being opened
                await self.cancel(session.session_id)
                raise LinkError(SUPERSEDED.occurred())
        return logins.current


def _is_not_offered(error: CloudError | LinkError) -> bool:
    """Tell whether this generation of the cloud has no way to revoke a key (cloud-api §4, §21)."""
    if isinstance(error, KeyRefused):
        return error.details.get("cloudCode") == "session_auth_required"
    return isinstance(error, NotFound) or (isinstance(error, CloudError) and error.cloud_status == 405)


def _problem(said: str) -> Problem:
    return KEY_NOT_REVOKED.occurred(said=said.rstrip("."))


def _not_revoked(problem: Problem) -> SignedOut:
    log.warning(log_events.KEY_NOT_REVOKED, cause=problem.code, detail=problem.message)
    return SignedOut(note=problem.message)
