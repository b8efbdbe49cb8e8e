"""The settings of a program's configuration."""

from eliza_cloud.cloud.config import CloudConfig
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
