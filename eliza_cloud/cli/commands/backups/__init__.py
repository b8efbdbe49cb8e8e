"""The commands about backups."""

from eliza_cloud.cli.lazy_group import LazyGroup

HERE = "eliza_cloud.cli.commands.backups"

backups = LazyGroup(
    "backups",
    "The backups of an agent.",
    {
        "list": (f"{HERE}.list:list_backups", "List the backups."),
        "take": (f"{HERE}.take:take", "Take a backup now."),
        "restore": (f"{HERE}.restore:restore", "Restore an agent from a backup."),
    },
)
