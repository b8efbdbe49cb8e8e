"""What the rows of the link's table note about the machine the link runs on: settings, disk and clock."""

from eliza_cloud.core.events import ConfigChanged, ConfigRefused, StoreFailed, Woke
from eliza_cloud.core.facts import Facts, Trouble
from eliza_cloud.core.machine import Cursor


def adopt_settings(cursor: Cursor[Facts]) -> None:
    """Decide by the new numbers from now on."""
    event = cursor.expect(ConfigChanged)
    cursor.know(
        policy=event.policy, settings_at=cursor.at, settings_trouble=None, unknown_settings=event.unknown
    )


def keep_settings(cursor: Cursor[Facts]) -> None:
    """The new settings are wrong: note that, and go on with the old ones."""
    cursor.know(settings_trouble=Trouble(cursor.expect(ConfigRefused).failure, cursor.at))


def note_store_failure(cursor: Cursor[Facts]) -> None:
    """Something could not be written down."""
    failure, before = cursor.expect(StoreFailed).failure, cursor.facts.store_trouble
    cursor.know(store_trouble=Trouble(failure, before.since if before else cursor.at))


def note_store_recovery(cursor: Cursor[Facts]) -> None:
    """Writing down works again."""
    cursor.know(store_trouble=None)


def note_wake(cursor: Cursor[Facts]) -> None:
    """The machine slept, or its clock was set."""
    cursor.know(woke_at=cursor.at, clock_gap=cursor.expect(Woke).gap)
