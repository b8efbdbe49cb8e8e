"""The numbers of a configuration, as the runtime and as the table need them."""

from eliza_cloud.cloud.config import CloudConfig
from eliza_cloud.core.backoff import Backoff
from eliza_cloud.core.link.state import Policy
from eliza_cloud.store.config.settings import Settings


def settings_of(config: CloudConfig) -> Settings:
    """Return the settings of a program's configuration."""
    return Settings(
        base_url=config.base_url,
        backup_interval=config.backup_interval,
        heartbeat_interval=config.heartbeat_interval,
        max_failures=config.max_failures,
        reconnect_interval=config.reconnect_interval,
        max_reconnect_delay=config.max_reconnect_delay,
        max_reconnect_attempts=config.max_reconnect_attempts,
        credits_interval=config.credits_interval,
    )


def policy_of(settings: Settings) -> Policy:
    """Return the policy of these settings."""
    return Policy(
        max_failures=settings.max_failures,
        backoff=Backoff(
            initial=settings.reconnect_interval,
            ceiling=settings.max_reconnect_delay,
            attempts=settings.max_reconnect_attempts,
        ),
        heartbeat_interval=settings.heartbeat_interval,
        backup_interval=settings.backup_interval,
    )
