"""What the settings say, in the numbers that the link's table decides by."""

from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.facts import Policy
from eliza_cloud.store.settings import Settings


def policy_of(settings: Settings) -> Policy:
    """Return the policy of these settings."""
    return Policy(
        max_failures=settings.max_failures,
        ladder=Backoff(
            initial=settings.reconnect_interval,
            ceiling=settings.max_reconnect_delay,
            attempts=settings.max_reconnect_attempts,
        ),
        heartbeat_interval=settings.heartbeat_interval,
        backup_interval=settings.backup_interval,
    )
