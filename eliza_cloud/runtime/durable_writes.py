"""What must survive a kill: written at once, and a failure logged, posted and returned."""

from collections.abc import Awaitable, Callable

import msgspec
import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import SaveIdentity, StoreDesiredAgent
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import StoreKey
from eliza_cloud.core.problems import Problem
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.errors import StoreError

log = structlog.get_logger()


class DurableWrites:
    """Writes login, identity and desired agent. Each method returns the problem when it could not."""

    __slots__ = ("_credentials", "_facts", "_post")

    def __init__(
        self, credentials: Credentials, facts: Callable[[], Facts], post: Callable[[events.Event], None]
    ) -> None:
        self._credentials = credentials
        self._facts = facts
        self._post = post

    async def desired_agent(self, effect: StoreDesiredAgent) -> Problem | None:
        """Write down which agent the user wants to be linked to."""
        return await self._write(
            self._credentials.save_desired_agent(effect.agent_id),
            "the agent to be linked to after a restart",
            "Nothing was changed, because it could not be written down which agent this machine is to be"
            " linked to",
        )

    async def sign_out(self) -> Problem | None:
        """Remove the login and all that belongs to it."""
        return await self._write(
            self._credentials.sign_out(),
            "the sign-out",
            "The link is closed, but the key could not be removed from this machine",
        )

    async def identity(self, key: Secret, effect: SaveIdentity) -> Problem | None:
        """Write down whose key it is."""
        return await self._write(
            self._credentials.save_identity(key, effect.user_id, effect.organization_id),
            "whose key it is",
            "It could not be written down whose key it is",
        )

    async def login(self, key: Secret, effect: StoreKey) -> Problem | None:
        """Write down a new key."""
        return await self._write(
            self._credentials.save_login(key, effect.key_prefix, effect.expires_at),
            "the API key",
            "You are signed in, but the key could not be saved",
        )

    async def _write(self, work: Awaitable[None], what: str, consequence: str) -> Problem | None:
        try:
            await work
        except StoreError as error:
            log.error(log_events.STORE_FAILED, what=what, cause=error.code, detail=str(error))
            problem = msgspec.structs.replace(error.problem, message=f"{consequence}: {error}")
            self._post(events.StoreFailed(problem))
            return problem
        if self._facts().store_problem is not None:
            self._post(events.StoreRecovered())
        return None
