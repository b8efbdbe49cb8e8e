"""eliza.json as routing sees it: read again when it has changed, and only then."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from eliza_cloud.core import log_events
from eliza_cloud.routing.config.table import RoutingTable, table_of
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.errors import StoreError

log = structlog.get_logger()


class _Signature(msgspec.Struct, frozen=True):
    """What changes whenever a file does."""

    inode: int
    size: int
    modified: int
    changed: int


class WatchedFile:
    """Gives the routing table as of now, at the cost of one look at the file's signature."""

    def __init__(self, config: ConfigFile, monotonic: Callable[[], float]) -> None:
        self._config = config
        self._monotonic = monotonic
        self._seen: _Signature | bool | None = False  # None: there was no file; False: none was read yet
        self._table = RoutingTable()
        self._problem: str | None = None
        self._broken_since = 0.0
        self._lock = asyncio.Lock()

    @property
    def problem(self) -> str | None:
        """Why the file as it is now is not used, and an older state of it is."""
        return self._problem

    async def table(self) -> RoutingTable:
        """Return the table of the newest readable state. A broken file keeps the old one and warns once."""
        if _signature(self._config.path) != self._seen:
            async with self._lock:
                signature = _signature(self._config.path)
                if signature != self._seen:
                    await self._read(signature)
        return self._table

    async def _read(self, signature: _Signature | None) -> None:
        try:
            if signature is None or signature.size:  # an empty file is one that is just being written
                self._table = table_of(await asyncio.to_thread(self._config.read))
                self._recover()
        except StoreError as error:
            if self._problem is None:
                self._broken_since = self._monotonic()
            self._problem = str(error)
            log.warning(
                log_events.ROUTING_RELOAD_FAILED, detail=str(error), remedy="The routes stay as they were."
            )
        self._seen = signature

    def _recover(self) -> None:
        if self._problem is not None:
            lasted = round(self._monotonic() - self._broken_since, 3)
            log.info(log_events.ROUTING_RECOVERED, duration_s=lasted)
        self._problem = None


def _signature(path: Path) -> _Signature | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - half the cost of Path.stat, at each request
    except OSError:
        return None
    return _Signature(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
