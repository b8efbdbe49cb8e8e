"""The verbs about backups."""

from eliza_cloud.cli.lazy_group import Verbs

HERE = "eliza_cloud.cli.commands.backups"

backups = Verbs(
    "backups",
    "The backups of an agent.",
    {
        "list": (f"{HERE}.list:list_backups", "Show the backups there are."),
        "take": (f"{HERE}.take:take", "Take a backup now."),
        "restore": (f"{HERE}.restore:restore", "Put an agent back to a backup."),
    },
)
