"""Finding out whose key it is: the call that turns a bare key into a user (cloud-api §8)."""

from collections.abc import Callable

import structlog

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.cloud.errors import CloudError, KeyRefused
from eliza_cloud.core import log_events
from eliza_cloud.core.backoff import Backoff, delay
from eliza_cloud.core.link.events import Event, KeyAccepted, KeyRejected, KeyUnverified
from eliza_cloud.core.views.health import problem_code
from eliza_cloud.runtime.clock import Clock, sleep

#: Seconds between a rejection and the first question after it, and at most between two questions.
FIRST_RECHECK = 5.0
LAST_RECHECK = 600.0

log = structlog.get_logger()


async def verify_key(
    client: ElizaCloudClient,
    key_generation: int,
    *,
    clock: Clock,
    backoff: Backoff,
    jitter: Callable[[], float],
    post: Callable[[Event], None],
    rejected: bool = False,
) -> None:
    """Ask until the cloud accepts the key; being unreachable is no verdict.

    Two refusals are one, and so is `rejected`, which the link knows already: from then on the cloud is asked
    at doubling intervals, for an outage of its sign-in looks the same.
    """
    refusals, attempt = (2 if rejected else 0), 0
    while True:
        pause = 0.0
        if refusals >= 2:
            await sleep(clock, min(FIRST_RECHECK * 2 ** min(refusals - 2, 30), LAST_RECHECK))
        try:
            user = await client.get_user()
        except KeyRefused as refusal:
            refusals += 1
            if refusals == 2:
                post(KeyRejected(key_generation, refusal.problem))
        except CloudError as error:
            if refusals >= 2:
                continue
            attempt += 1
            pause = delay(backoff, attempt, jitter(), error.retry_after)
            write = log.warning if attempt == 1 else log.debug
            problem = error.problem
            write(
                log_events.KEY_UNVERIFIED,
                cause=problem_code(problem),
                code=error.code,
                detail=str(error),
                next_try_in_s=round(pause, 3),
            )
            post(KeyUnverified(key_generation, problem))
        else:
            post(KeyAccepted(key_generation, user.id, user.organization_id))
            return
        await sleep(clock, pause)
