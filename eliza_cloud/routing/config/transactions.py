"""Whole changes of a file: what the service does at its start, at a command and at a sign-out."""

from collections.abc import Callable
from typing import Any

import structlog

from eliza_cloud.core import log_events
from eliza_cloud.routing.config.edit import put_route, remove_cloud_routes, remove_route
from eliza_cloud.routing.config.migration import is_legacy, migrate
from eliza_cloud.routing.config.table import inferred
from eliza_cloud.routing.config.types import SECTION, Capability, Route
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.errors import StoreError

Change = Callable[[dict[str, Any]], None]

log = structlog.get_logger()


def migrate_file(config: ConfigFile) -> None:
    """Migrate eliza.json if it is a legacy file. Blocking. A file that cannot be written stays as it is."""
    try:
        if is_legacy(config.read()):
            config.update(migrate)
            log.info(log_events.ROUTING_MIGRATED, path=str(config.path))
    except StoreError as error:
        log.warning(log_events.ROUTING_NOT_MIGRATED, detail=str(error))


def forget_cloud(document: dict[str, Any]) -> None:
    """Remove the routes that need Eliza Cloud from a document, as part of a sign-out; never raises.

    Older flags are migrated first, or the next start would bring the routes back (local-api §16).
    """
    migrate(document)
    remove_cloud_routes(document)


def setting(capability: Capability, route: Route, more: dict[str, Any] | None = None) -> Change:
    """Return the change that sets one route and no other."""

    def change(document: dict[str, Any]) -> None:
        _write_down(document)
        put_route(document, capability, route, more)

    return change


def clearing(capability: Capability) -> Change:
    """Return the change that removes one route and no other."""

    def change(document: dict[str, Any]) -> None:
        _write_down(document)
        remove_route(document, capability)

    return change


def _write_down(document: dict[str, Any]) -> None:
    """Write down what has only been inferred so far, because a section that is there decides alone."""
    migrate(document)
    if not isinstance(document.get(SECTION), dict):
        for capability, route in inferred(document).items():
            put_route(document, capability, route)
