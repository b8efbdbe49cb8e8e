"""The login of this machine: where the key is, and how it comes and goes without ever being half there.

A new key is written to the agent's record of the database first, then to `eliza.json` (`config/file.py`).
"""

import asyncio
import operator
from collections.abc import Callable, Collection, Coroutine, Mapping, MutableMapping
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.api_key import enabled_in, key_in, put_key, remove_key
from eliza_cloud.store.config.env import API_KEY, ENABLED, value_of
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.sqlite.database import AgentRecord, Store

T = TypeVar("T")


class Held(msgspec.Struct, frozen=True):
    """What the machine holds. Prefix, expiry and identity are None unless the record holds this very key."""

    key: Secret | None
    source: Literal["file", "environment", "record"] | None
    key_prefix: str | None
    key_expires_at: str | None
    user_id: str | None
    organization_id: str | None
    desired_agent_id: str | None
    enabled: bool
    accepted_price: str | None = None
    restarting: bool = False
    last_backup_at: float | None = None
    key_obtained: bool = False


class PendingLogin(msgspec.Struct, frozen=True):
    """A sign-in that waits for the browser. Its session id leads to a key, and its page holds that id.

    `begun_at` is in wall-clock seconds.
    """

    session_id: Secret
    browser_url: Secret
    revocable: bool
    begun_at: float


class CloudMove(msgspec.Struct, frozen=True):
    """Where a base URL leads to by now: another host of the same cloud, and the host of its pages."""

    api_url: str
    pages_url: str


def held_by(
    document: Mapping[str, Any],
    record: AgentRecord,
    environ: Mapping[str, str],
    base_url: str,
    same_cloud: Callable[[str, str], bool] = operator.eq,
) -> Held:
    """Find the key for a base URL: eliza.json, environment, record. Nothing may be half done in the record.

    What the record holds of another base URL counts where `same_cloud` says that both are of one cloud.
    Raises ConfigError for a key in the environment that cannot be one.
    """
    key: Secret | None = None
    source: Literal["file", "environment", "record"] | None = None
    recorded = record.key if record.base_url and same_cloud(record.base_url, base_url) else None
    if in_file := key_in(document):
        key, source = Secret(in_file), "file"
    elif in_environment := value_of(environ, API_KEY):
        if not (in_environment.isascii() and in_environment.isprintable()):
            raise ConfigError(f"{API_KEY}: expected printable ASCII characters; set it again or unset it.")
        key, source = Secret(in_environment), "environment"
    elif recorded:
        key, source = recorded, "record"
    known = record if key is not None and key == recorded else AgentRecord()
    of_agent = record.desired_agent_base_url
    desired = record if of_agent and same_cloud(of_agent, base_url) else AgentRecord()
    return Held(
        key=key,
        source=source,
        key_prefix=known.key_prefix,
        key_expires_at=known.key_expires_at,
        user_id=known.user_id,
        organization_id=known.organization_id,
        desired_agent_id=desired.desired_agent_id,
        enabled=enabled_in(document) or (value_of(environ, ENABLED) or "").lower() == "true",
        accepted_price=desired.accepted_price,
        restarting=desired.restarting,
        last_backup_at=desired.last_backup_at,
        key_obtained=known.key_obtained,
    )


#: The members of a record that come and go with its key.
_OF_THE_KEY = (
    *("key", "key_prefix", "key_expires_at", "base_url", "user_id", "organization_id"),
    *("signing_in", "signing_out", "key_obtained"),
)


def _login_members(pending: PendingLogin | None, base_url: str) -> dict[str, Any]:
    """Return what a record holds of a sign-in at a base URL that waits for the browser; None for none."""
    return {
        "login_session": pending and pending.session_id,
        "login_page": pending and pending.browser_url,
        "login_base_url": base_url if pending else None,
        "login_revocable": pending is not None and pending.revocable,
        "login_begun_at": pending and pending.begun_at,
    }


def move_of(record: AgentRecord, base_url: str) -> CloudMove | None:
    """Return where this base URL led to, as the record has it."""
    if record.moved_from != base_url or record.moved_api is None or record.moved_pages is None:
        return None
    return CloudMove(record.moved_api, record.moved_pages)


class ConfigDocument(Protocol):
    """What of an eliza.json the credentials need; see `ConfigFile`. Blocking, and called from a thread."""

    def read(self) -> dict[str, Any]:
        """Return the document."""

    def update(
        self, change: Callable[[dict[str, Any]], None], forget: Collection[str] = ()
    ) -> dict[str, Any]:
        """Let `change` edit the document, and keep no copy of the keys in `forget`."""

    def protect(self) -> None:
        """Let nobody else read it."""

    def discard_leftovers(self) -> None:
        """Remove what a writer that was killed has left."""


class Credentials:
    """Login, identity and desired agent across eliza.json, record and environment, for one base URL.

    `also_forget` takes out of eliza.json what else ends with a sign-out, in one update; it must not raise.
    `same_cloud` tells whether a key of one base URL belongs to another.
    Calls are serialised. Each runs to its end once begun, even when its caller is cancelled (the cancellation
    then goes on); what a kill interrupts is finished by the next `load`. Every method raises StoreError.
    """

    def __init__(
        self,
        config: ConfigDocument,
        store: Store,
        environ: MutableMapping[str, str],
        base_url: str,
        *,
        also_forget: Callable[[dict[str, Any]], None] = lambda _: None,
        same_cloud: Callable[[str, str], bool] = operator.eq,
    ) -> None:
        self._config = config
        self._store = store
        self._environ = environ
        self._base_url = base_url
        self._also_forget = also_forget
        self._same_cloud = same_cloud
        self._lock = asyncio.Lock()
        self._before: AgentRecord | None = None  # while a login is begun and could not be finished

    async def load(self) -> Held:
        """Finish what a kill interrupted, then find the key: eliza.json, environment, record."""
        return await self._shielded(self._load)

    async def save_login(self, key: Secret, key_prefix: str | None, expires_at: str | None) -> None:
        """Keep a new key: record, then eliza.json (with `cloud.enabled: true`), then the environment."""
        await self._shielded(lambda: self._save_login(key, key_prefix, expires_at))

    async def login_begun(self, key: Secret) -> bool:
        """Tell whether a `save_login` that failed got so far that the next `load` finishes it."""
        return await self._shielded(lambda: self._login_begun(key))

    async def give_up_login(self, key: Secret) -> None:
        """Forget a key whose `save_login` failed and that is not wanted now; the login before it stays."""
        await self._shielded(lambda: self._give_up_login(key))

    async def save_identity(self, key: Secret, user_id: str, organization_id: str | None) -> None:
        """Keep whose key it is; nothing is kept when the record holds another key by now."""
        await self._shielded(lambda: self._save_identity(key, user_id, organization_id))

    async def save_desired_agent(self, agent_id: str | None, accepted_price: str | None = None) -> None:
        """Keep which agent the machine is to be linked to, and the price agreed to; None for none."""
        await self._shielded(lambda: self._save_desired_agent(agent_id, accepted_price))

    async def forget_consent(self) -> None:
        """Keep that no price of a start is agreed to any more."""
        await self._shielded(lambda: self._change(accepted_price=None))

    async def save_restarting(self, *, restarting: bool) -> None:
        """Keep whether the desired agent is stopped only in order to be started again."""
        await self._shielded(lambda: self._change(restarting=restarting))

    async def save_backup_time(self, agent_id: str, at: float) -> None:
        """Keep when the desired agent's last good backup was taken (wall-clock seconds)."""
        await self._shielded(lambda: self._save_backup_time(agent_id, at))

    async def save_pending_login(self, pending: PendingLogin | None) -> None:
        """Keep the sign-in that waits for the browser; None for none."""
        await self._shielded(lambda: self._save_pending_login(pending))

    async def pending_login(self) -> PendingLogin | None:
        """Return the sign-in that waited for the browser when the service ended; None at another cloud."""
        return await self._shielded(self._pending_login)

    async def save_move(self, move: CloudMove | None) -> None:
        """Keep where the base URL leads to by now; None for nowhere else."""
        await self._shielded(lambda: self._save_move(move))

    async def move(self) -> CloudMove | None:
        """Return where the base URL led to; None when it has changed since, or led nowhere else."""
        return await self._shielded(self._move)

    async def sign_out(self) -> None:
        """Forget key, identity and desired agent everywhere. Repeatable; once begun it is never undone.

        The record keeps the key, marked as signed out, until every copy in the files is gone: after a kill
        half-way the next `load` still knows what to look for.
        """
        await self._shielded(self._sign_out)

    async def _load(self) -> Held:
        record = await self._store.load()
        if record.signing_out:
            record = await self._finish_sign_out(record)
        elif record.signing_in and record.key and self._is_here(record):
            record = await self._finish_sign_in(record, record.key)
        document = await asyncio.to_thread(self._read)
        return held_by(document, record, self._environ, self._base_url, self._same_cloud)

    def _is_here(self, record: AgentRecord) -> bool:
        return record.base_url is not None and self._same_cloud(record.base_url, self._base_url)

    def _read(self) -> dict[str, Any]:
        self._config.discard_leftovers()
        document = self._config.read()
        if key_in(document):
            self._config.protect()
        return document

    async def _save_login(self, key: Secret, key_prefix: str | None, expires_at: str | None) -> None:
        held = await self._store.load()
        if self._before is None or not held.signing_in:
            self._before = held
        same = held.key == key and self._is_here(held)
        record = msgspec.structs.replace(
            held,
            key=key,
            key_prefix=key_prefix,
            key_expires_at=expires_at,
            base_url=self._base_url,
            user_id=held.user_id if same else None,
            organization_id=held.organization_id if same else None,
            signing_in=True,
            signing_out=False,
            key_obtained=True,
            **_login_members(None, self._base_url),
        )
        await self._store.save(record)
        await self._finish_sign_in(record, key)
        self._before = None
        self._environ[API_KEY] = key.reveal()
        self._environ[ENABLED] = "true"

    async def _finish_sign_in(self, record: AgentRecord, key: Secret) -> AgentRecord:
        await asyncio.to_thread(self._config.update, partial(put_key, key=key.reveal()))
        try:
            return await self._save(record, signing_in=False)
        except StoreError:
            return record  # the key is in both places; the mark only makes the next load write it once more

    async def _login_begun(self, key: Secret) -> bool:
        if self._before is None:
            return False
        held = await self._store.load()
        return held.signing_in and held.key == key

    async def _give_up_login(self, key: Secret) -> None:
        if self._before is not None and await self._login_begun(key):
            held = await self._store.load()
            await self._save(held, **{name: getattr(self._before, name) for name in _OF_THE_KEY})
            self._before = None

    async def _save_identity(self, key: Secret, user_id: str, organization_id: str | None) -> None:
        held = await self._store.load()
        if held.key == key and not held.signing_out:
            await self._save(held, user_id=user_id, organization_id=organization_id, signing_in=False)

    async def _save_desired_agent(self, agent_id: str | None, accepted_price: str | None) -> None:
        held = await self._store.load()
        same = held.desired_agent_id == agent_id
        await self._save(
            held,
            desired_agent_id=agent_id,
            desired_agent_base_url=self._base_url if agent_id else None,
            accepted_price=accepted_price,
            restarting=held.restarting if same else False,
            last_backup_at=held.last_backup_at if same else None,
        )

    async def _save_backup_time(self, agent_id: str, at: float) -> None:
        held = await self._store.load()
        if held.desired_agent_id == agent_id:
            await self._save(held, last_backup_at=at)

    async def _save_pending_login(self, pending: PendingLogin | None) -> None:
        held = await self._store.load()
        if held.signing_out and pending is not None:
            return
        await self._save(held, **_login_members(pending, self._base_url))

    async def _pending_login(self) -> PendingLogin | None:
        held = await self._store.load()
        session, page, begun_at = held.login_session, held.login_page, held.login_begun_at
        if session is None or page is None or begun_at is None or held.login_base_url is None:
            return None
        if not self._same_cloud(held.login_base_url, self._base_url):  # another cloud must not learn the id
            return None
        return PendingLogin(session, page, held.login_revocable, begun_at)

    async def _save_move(self, move: CloudMove | None) -> None:
        await self._change(
            moved_from=self._base_url if move else None,
            moved_api=move.api_url if move else None,
            moved_pages=move.pages_url if move else None,
        )

    async def _move(self) -> CloudMove | None:
        return move_of(await self._store.load(), self._base_url)

    async def _change(self, **changes: Any) -> None:
        await self._save(await self._store.load(), **changes)

    async def _sign_out(self) -> None:
        self._before = None
        try:
            held = await self._store.load()
            record = AgentRecord(
                key=held.key,
                base_url=held.base_url,
                signing_out=True,
                moved_from=held.moved_from,
                moved_api=held.moved_api,
                moved_pages=held.moved_pages,
            )
            await self._store.save(record)
            await self._finish_sign_out(record)
        finally:
            self._environ.pop(API_KEY, None)
            self._environ.pop(ENABLED, None)

    async def _finish_sign_out(self, record: AgentRecord) -> AgentRecord:
        await asyncio.to_thread(self._purge, record.key)
        emptied = AgentRecord(
            moved_from=record.moved_from, moved_api=record.moved_api, moved_pages=record.moved_pages
        )
        await self._store.save(emptied)
        return emptied

    def _purge(self, recorded: Secret | None) -> None:
        found = (
            recorded and recorded.reveal(),
            key_in(self._config.read()),
            value_of(self._environ, API_KEY),
        )
        keys = {key for key in found if key}

        def forget(document: dict[str, Any]) -> None:
            remove_key(document, keys)
            self._also_forget(document)

        self._config.update(forget, forget=keys)

    async def _save(self, record: AgentRecord, **changes: Any) -> AgentRecord:
        changed = msgspec.structs.replace(record, **changes)
        await self._store.save(changed)
        return changed

    async def _shielded(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work` under the lock and to its end; a cancellation meanwhile is raised afterwards."""
        task = asyncio.create_task(self._in_turn(work), name="credentials")
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled from (None if task.cancelled() else task.exception())
        return task.result()

    async def _in_turn(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async with self._lock:
            return await work()
