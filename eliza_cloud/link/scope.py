"""What an activity is given: whom it is about, under which epoch and key, and where to post what it finds."""

from collections.abc import Callable
from dataclasses import dataclass

from eliza_cloud.cloud.client import ElizaCloudClient
from eliza_cloud.core.events import Event
from eliza_cloud.link.clock import Clock, sleep


@dataclass(frozen=True, slots=True)
class Scope:
    """One activity's surroundings."""

    client: ElizaCloudClient
    agent_id: str
    epoch: int
    key_number: int
    clock: Clock
    post: Callable[[Event], None]

    async def sleep(self, seconds: float) -> None:
        """Wait by the link's clock."""
        await sleep(self.clock, seconds)
