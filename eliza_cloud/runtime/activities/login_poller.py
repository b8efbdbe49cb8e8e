"""Waiting for the key of one sign-in (local-api §4). This loop reads the key, and nobody else."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.cloud.types.models import LoginPoll
from eliza_cloud.core import log_events
from eliza_cloud.core.login import machine as login
from eliza_cloud.core.login.machine import LoginEvent, LoginFacts, LoginMachine, LoginView, login_view
from eliza_cloud.core.problems import KEY_COLLECTED_ELSEWHERE, KEY_NOT_REVOKED
from eliza_cloud.core.statechart import Step
from eliza_cloud.core.states import LoginState
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.runtime.clock import Clock, Flag, wait_for, wait_for_any
from eliza_cloud.store.config.settings import Settings
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.errors import StoreError

SESSION_LIFE = 600.0  # cloud-api §7

log = structlog.get_logger()


class LoginPoller:
    """Polls one session until its key is here, it ends, or nobody wants it any more.

    `waited` is for how many seconds an earlier run of the service has waited for it; None for a new one. The
    key stays in `key` until it is stored; it never travels through the queue. A poll that is under way
    when the sign-in ends is not torn off, for it may just be reading the only copy of the key.
    """

    def __init__(
        self,
        client: ElizaCloudClient,
        session_id: str,
        *,
        revocable: bool,
        waited: float | None = None,
        settings: Settings,
        credentials: Credentials,
        clock: Clock,
        post: Callable[[login.LoginEvent], None],
    ) -> None:
        self.session_id = session_id
        self.key: Secret | None = None
        self._client = client
        self._revocable = revocable
        self._waited = waited
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._post = post
        self._unwanted = Flag()
        self._last = Flag()
        self._retry = Flag()
        self._until = 0.0
        self._until_revoked = 0.0

    @property
    def name(self) -> str:
        """The activity's name."""
        return f"poller {self.session_id}"

    def finish(self) -> None:
        """Ask no more after the poll under way; a key it brings takes its usual way."""
        self._last.set()

    def stop(self, *, revoke: bool) -> None:
        """Nobody wants the key any more; with `revoke`, go on until it can be taken back or cannot come."""
        self._unwanted.set()
        if not revoke:
            self._last.set()

    def store_again(self) -> None:
        """The key could not be stored: offer it again after a pause."""
        self._retry.set()

    async def run(self) -> None:
        """Poll, and post the outcome."""
        begun = self._clock.monotonic() - (self._waited or 0.0)
        self._until = begun + self._settings.login_timeout
        self._until_revoked = begun + SESSION_LIFE
        poll = await self._wait_for_key()
        if poll is None or poll.key is None:
            return
        if self._unwanted.is_set():
            await self._take_back(poll.key)
        else:
            await self._offer(poll, poll.key)

    async def _wait_for_key(self) -> LoginPoll | None:
        """Return the poll that brought the key; None when none will come, or none is to be waited for."""
        failing_since: float | None = None
        pause = self._settings.login_poll_interval
        ask_now = self._waited is not None  # somebody may have signed in while no service ran
        while ask_now or not await wait_for(self._clock, self._last, min(pause, self._left())):
            pause = self._settings.login_poll_interval
            if self._left() == 0.0 and not ask_now:
                if self._unwanted.is_set():
                    return None
                self._post(login.LoginTimedOut(self.session_id))
                await self._unwanted.wait()
                continue
            ask_now = False
            try:
                poll = await self._client.poll_login(
                    self.session_id, timeout=self._settings.login_request_timeout
                )
            except CloudError as error:
                write = log.warning if failing_since is None else log.debug
                failing_since = self._clock.monotonic() if failing_since is None else failing_since
                write(log_events.LOGIN_POLL_FAILED, detail=str(error), code=error.code)
                if not error.retryable:
                    self._post(login.LoginFailed(self.session_id, str(error)))
                    return None
                pause = max(pause, error.retry_after or 0.0)
                continue
            if failing_since is not None:
                lasted = round(self._clock.monotonic() - failing_since, 3)
                log.info(log_events.LOGIN_POLL_RECOVERED, duration_s=lasted)
                failing_since = None
            if poll.key is not None:
                return poll
            if poll.status == "authenticated":
                self._post(login.LoginFailed(self.session_id, KEY_COLLECTED_ELSEWHERE.occurred().message))
                return None
            if poll.status == "expired":
                self._post(login.LoginExpired(self.session_id))
                return None
        return None

    def _left(self) -> float:
        """Return the seconds that may still be waited for the key."""
        end = self._until_revoked if self._unwanted.is_set() else self._until
        return max(0.0, end - self._clock.monotonic())

    async def _offer(self, poll: LoginPoll, key: Secret) -> None:
        """Offer the key until it is stored (`key` is None then), unwanted, or the last offer has failed."""
        self.key = key
        pause = self._settings.login_poll_interval
        try:
            while True:
                self._retry.clear()
                self._post(login.LoginKeyReceived(self.session_id, poll.key_prefix, poll.expires_at))
                await wait_for_any(self._unwanted, self._retry)
                if self._unwanted.is_set() or await wait_for(self._clock, self._last, pause):
                    break
            if self.key is not None and self._unwanted.is_set():
                await self._take_back(self.key)
            elif self.key is not None:
                await self._leave(self.key)
        finally:
            if self.key is not None:
                _report_orphan()
                self.key = None

    async def _leave(self, key: Secret) -> None:
        """The service stops: what of the sign-in could be written down is finished by the next start."""
        self.key = None
        begun: bool | None = None
        try:
            begun = await self._credentials.login_begun(key)
        except StoreError as error:
            what = "whether the new key was kept"
            log.error(log_events.STORE_FAILED, what=what, cause=error.code, detail=str(error))
            return
        finally:
            if begun is None:
                _report_orphan()
        if begun:
            log.info(
                log_events.LOGIN_RESUMES_AT_START, detail="the next start of the service finishes the sign-in"
            )
        else:
            await self._revoke(key)

    async def _take_back(self, key: Secret) -> None:
        """Forget the key here, then at the cloud; the other way round a kill would leave a dead key here."""
        self.key = None
        forgotten = failed = False
        try:
            while not forgotten:
                try:
                    await self._credentials.give_up_login(key)
                    forgotten = True
                except StoreError as error:
                    write = log.debug if failed else log.error
                    failed = True
                    what = "that the new key is not wanted any more"
                    write(log_events.STORE_FAILED, what=what, cause=error.code, detail=str(error))
                    if await wait_for(self._clock, self._last, self._settings.login_poll_interval):
                        return
        finally:
            if not forgotten:
                _report_orphan()
        await self._revoke(key)

    async def _revoke(self, key: Secret) -> None:
        try:
            if self._revocable:
                await self._client.revoke_login_key(self.session_id, key)
            else:
                await self._client.revoke_key(key)
        except asyncio.CancelledError:
            _report_orphan()
            raise
        except CloudError as error:
            if not self._revocable:
                _report_orphan()
                return
            log.warning(log_events.LOGIN_KEY_NOT_REVOKED, detail=str(error), remedy=_BY_HAND)
        else:
            log.info(log_events.LOGIN_KEY_REVOKED)


def _report_orphan() -> None:
    log.warning(
        log_events.LOGIN_KEY_ORPHANED, detail="a key arrived that could not be stored", remedy=_BY_HAND
    )


_BY_HAND = KEY_NOT_REVOKED.remedy


REMEMBERED = 16
UNKNOWN = LoginView(status="expired", error="Session not found or expired")


class Logins:
    """The sign-in that is current and the last few before it, by session id."""

    def __init__(self, machine: LoginMachine) -> None:
        self._machine = machine
        self._current = LoginFacts()
        self._known: OrderedDict[str, LoginFacts] = OrderedDict()
        self._pollers: dict[str, LoginPoller] = {}

    @property
    def current(self) -> LoginFacts:
        """The newest sign-in."""
        return self._current

    @property
    def pending(self) -> LoginFacts | None:
        """The sign-in that waits for the browser, if one does."""
        return self._current if self._current.state is LoginState.PENDING else None

    @property
    def remembered(self) -> int:
        """How many sign-ins can be asked about."""
        return len(self._known)

    def view(self, session_id: str) -> LoginView:
        """Say what became of a session; one that was not begun here is expired."""
        facts = self._known.get(session_id)
        return UNKNOWN if facts is None else login_view(facts)

    def step(self, event: LoginEvent) -> Step[LoginFacts]:
        """Decide one event and remember what it came to."""
        step = self._machine.step(self._current, event)
        self._current = step.facts
        if step.facts.session_id:
            self._known[step.facts.session_id] = step.facts
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return step

    @property
    def pollers(self) -> Sequence[LoginPoller]:
        """The pollers at work: the current sign-in's, and those that revoke what nobody wants any more."""
        return tuple(self._pollers.values())

    def poller(self, session_id: str) -> LoginPoller | None:
        """Return the poller of a session while it works."""
        return self._pollers.get(session_id)

    def follow(self, poller: LoginPoller) -> Coroutine[Any, Any, None]:
        """Know a poller by its session from now on, and return its work."""
        self._pollers[poller.session_id] = poller
        return self._run(poller)

    async def _run(self, poller: LoginPoller) -> None:
        try:
            await poller.run()
        finally:
            if self._pollers.get(poller.session_id) is poller:
                del self._pollers[poller.session_id]
