"""Backups: how large one may be (bytes)."""

#: Above it restoring a backup ends the agent for good, where the cloud restores it in one request
#: (cloud-api §23).
LARGEST_BACKUP = 1_048_576


def ends_the_agent(size: int | None) -> bool:
    """Tell whether an agent does not survive a backup of this size; one of unknown size it does."""
    return size is not None and size > LARGEST_BACKUP
