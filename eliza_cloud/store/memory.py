"""Login and record of a program that uses the package as a library: they last as long as it does.

No file and no environment variable is read or written.
"""

import operator
from collections.abc import Callable, Collection
from typing import Any

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.api_key import put_key
from eliza_cloud.store.credentials import Credentials
from eliza_cloud.store.sqlite.database import AgentRecord, Store


class MemoryStore:
    """A `Store` in memory."""

    __slots__ = ("_record",)

    def __init__(self) -> None:
        self._record = AgentRecord()

    async def load(self) -> AgentRecord:
        """Return the record; an empty one when nothing was saved."""
        return self._record

    async def save(self, record: AgentRecord) -> None:
        """Replace the record."""
        self._record = record

    async def close(self) -> None:
        """Do nothing: there is nothing to give back."""


class MemoryDocument:
    """An eliza.json in memory (`ConfigDocument`)."""

    __slots__ = ("_document",)

    where = "the program's memory"

    def __init__(self, key: Secret | None) -> None:
        self._document: dict[str, Any] = {}
        if key is not None:
            put_key(self._document, key.reveal())

    def read(self) -> dict[str, Any]:
        """Return the document."""
        return self._document

    def update(
        self,
        change: Callable[[dict[str, Any]], None],
        forget: Collection[str] = (),  # noqa: ARG002 - the document is the only copy
    ) -> dict[str, Any]:
        """Let `change` edit the document in place."""
        change(self._document)
        return self._document

    def protect(self) -> None:
        """Do nothing: no other program can read it."""

    def discard_leftovers(self) -> None:
        """Do nothing: a killed program leaves nothing."""

    def keep_copy(self) -> None:
        """Do nothing: nobody else writes it."""


def memory_credentials(
    key: Secret | None,
    base_url: str,
    store: Store | None = None,
    same_cloud: Callable[[str, str], bool] = operator.eq,
) -> Credentials:
    """Return the credentials of a program that was given `key`; a `store` keeps what outlives the program."""
    return Credentials(MemoryDocument(key), store or MemoryStore(), {}, base_url, same_cloud=same_cloud)
