"""The reference pages that ship in `eliza_cloud/reference/`, some written by the code they describe."""

from collections.abc import Callable, Mapping
from functools import partial

from eliza_cloud.api.openapi.reference_pages import page_names, page_text
from eliza_cloud.cli.commands.reference.api import api_page
from eliza_cloud.cli.commands.reference.commands import commands_page
from eliza_cloud.cli.commands.reference.errors import errors_page
from eliza_cloud.cli.commands.reference.log_events import log_events_page
from eliza_cloud.cli.commands.reference.metrics import metrics_page
from eliza_cloud.cli.commands.reference.settings import settings_page

#: Written by the code they describe; what is checked in has to be the same.
GENERATED: Mapping[str, Callable[[], str]] = {
    "cli": commands_page,
    "api": api_page,
    "settings": settings_page,
    "errors": errors_page,
    "log-events": log_events_page,
    "metrics": metrics_page,
}
PAGES: Mapping[str, Callable[[], str]] = {
    **GENERATED,
    **{name: partial(page_text, name) for name in page_names() if name not in GENERATED},
}
