"""Finding out whose key it is: the call that turns a bare key into a user (cloud-api §8)."""

from collections.abc import Callable

import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, KeyRefused
from eliza_cloud.core import log_events
from eliza_cloud.core.backoff import Backoff, delay
from eliza_cloud.core.link.events import Event, KeyAccepted, KeyRejected, KeyUnverified
from eliza_cloud.core.views.health import problem_code
from eliza_cloud.runtime.clock import Clock, Flag, sleep, wait_for

#: So many refusals in a row are a rejection.
REFUSALS = 2
#: Seconds between a rejection and the first question after it, and at most between two questions.
FIRST_RECHECK = 5.0
LAST_RECHECK = 600.0

log = structlog.get_logger()


class KeyVerifier:
    """Asks until the cloud accepts the key; being unreachable is no verdict.

    Two refusals are one, and so is `rejected`, which the link knows already: from then on the cloud is asked
    at doubling intervals, for an outage of its sign-in looks the same.
    """

    __slots__ = (
        "_attempt",
        "_backoff",
        "_client",
        "_clock",
        "_jitter",
        "_now",
        "_post",
        "_refusals",
        "key_generation",
    )

    def __init__(
        self,
        client: ElizaCloudClient,
        key_generation: int,
        *,
        clock: Clock,
        backoff: Backoff,
        jitter: Callable[[], float],
        post: Callable[[Event], None],
        rejected: bool = False,
    ) -> None:
        self.key_generation = key_generation
        self._client = client
        self._clock = clock
        self._backoff = backoff
        self._jitter = jitter
        self._post = post
        self._now = Flag()
        self._attempt = 0
        self._refusals = REFUSALS if rejected else 0

    def ask_now(self) -> None:
        """End the wait after a rejection: another call says that it may have passed."""
        self._now.set()

    async def run(self) -> None:
        """Post `KeyAccepted` at last, and before it what the cloud says."""
        pause = self._pause_after_rejection() if self._refusals else 0.0
        while True:
            if self._refusals >= REFUSALS:
                await wait_for(self._clock, self._now, pause)
            elif self._refusals or self._attempt:
                await sleep(self._clock, pause)
            self._now.clear()
            try:
                user = await self._client.get_user()
            except KeyRefused as refusal:
                self._refusals += 1
                if self._refusals == REFUSALS:
                    self._post(KeyRejected(self.key_generation, refusal.problem))
                pause = self._pause_after_rejection()
            except CloudError as error:
                pause = self._unverified(error)
            else:
                self._post(KeyAccepted(self.key_generation, user.id, user.organization_id))
                return

    def _pause_after_rejection(self) -> float:
        if self._refusals < REFUSALS:
            return 0.0
        return min(FIRST_RECHECK * 2.0 ** min(self._refusals - REFUSALS, 30), LAST_RECHECK)

    def _unverified(self, error: CloudError) -> float:
        if self._refusals >= REFUSALS:
            self._refusals += 1
            return self._pause_after_rejection()
        self._attempt += 1
        pause = delay(self._backoff, self._attempt, self._jitter(), error.retry_after)
        write = log.warning if self._attempt == 1 else log.debug
        write(
            log_events.KEY_UNVERIFIED,
            cause=problem_code(error.problem),
            code=error.code,
            detail=str(error),
            next_try_in_s=round(pause, 3),
        )
        self._post(KeyUnverified(self.key_generation, error.problem))
        return pause
