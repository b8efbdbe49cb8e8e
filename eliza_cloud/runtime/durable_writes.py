"""What must survive a kill: written at once, and a failure logged, posted and returned."""

from collections.abc import Awaitable, Callable

import msgspec
import structlog

from eliza_cloud.core import log_events
from eliza_cloud.core.link import events
from eliza_cloud.core.link.effects import SaveBackupTime, SaveIdentity, StoreDesiredAgent
from eliza_cloud.core.link.state import Facts
from eliza_cloud.core.login.machine import StoreKey
from eliza_cloud.core.problems import Problem
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.credentials import CloudMove, Credentials
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
            self._credentials.save_desired_agent(effect.agent_id, effect.accepted_price),
            "the agent to be linked to after a restart",
            "Nothing was changed, because it could not be written down which agent this machine is to be"
            " linked to",
        )

    async def consent_ended(self) -> Problem | None:
        """Write down that no price of a start is agreed to any more."""
        return await self._write(
            self._credentials.forget_consent(),
            "that a price is not agreed to any more",
            "It could not be written down that a price is not agreed to any more",
        )

    async def restarting(self, *, restarting: bool) -> Problem | None:
        """Write down that the agent is stopped only in order to be started again, or that this is over."""
        return await self._write(
            self._credentials.save_restarting(restarting=restarting),
            "that the agent is being restarted",
            "The agent is not restarted, because that could not be written down",
        )

    async def backup_time(self, effect: SaveBackupTime) -> Problem | None:
        """Write down when the last good backup was taken."""
        return await self._write(
            self._credentials.save_backup_time(effect.agent_id, effect.at),
            "when the last backup was taken",
            "It could not be written down when the last backup was taken",
        )

    async def cloud_moved(self, move: CloudMove | None) -> Problem | None:
        """Write down where the cloud is by now."""
        return await self._write(
            self._credentials.save_move(move),
            "where the cloud is",
            "It could not be written down to which address Eliza Cloud has moved",
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
