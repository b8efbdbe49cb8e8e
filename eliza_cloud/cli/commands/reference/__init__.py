"""The reference pages that ship in `eliza_cloud/reference/`, each written by the code it describes."""

from collections.abc import Callable, Mapping

from eliza_cloud.cli.commands.reference.commands import commands_page
from eliza_cloud.cli.commands.reference.errors import errors_page
from eliza_cloud.cli.commands.reference.log_events import log_events_page
from eliza_cloud.cli.commands.reference.metrics import metrics_page
from eliza_cloud.cli.commands.reference.settings import settings_page

PAGES: Mapping[str, Callable[[], str]] = {
    "cli": commands_page,
    "settings": settings_page,
    "errors": errors_page,
    "log-events": log_events_page,
    "metrics": metrics_page,
}
