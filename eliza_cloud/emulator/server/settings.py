"""What the control endpoints set for the whole cloud; kept in the database, so a restart keeps it, too."""

import json

from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.responses import to_json


def read(cloud: Cloud, name: str, default: object = None) -> object:
    """The setting of this name, or the default where nothing was set."""
    row = cloud.database.one("SELECT value FROM settings WHERE name = ?", name)
    return default if row is None else json.loads(row["value"])


def write(cloud: Cloud, name: str, value: object) -> None:
    """Set it; None takes the setting back."""
    if value is None:
        cloud.database.run("DELETE FROM settings WHERE name = ?", name)
    else:
        cloud.database.run(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, to_json(value)
        )
