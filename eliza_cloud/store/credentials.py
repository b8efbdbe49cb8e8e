"""The login of this machine: where the key is, and how it comes and goes without ever being half there.

A new key is written to the agent's record of the database first, then to `eliza.json` (`config/file.py`).
"""

import asyncio
import operator
from collections.abc import Callable, Collection, Coroutine, Mapping, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from eliza_cloud.core.problems import (
    CONFIG_FILE_MISSING,
    KEY_NOT_IN_FILE,
    SIGN_OUT_UNFINISHED,
    SIGNED_OUT_KEY_LEFT,
    UNPROTECTED,
    Problem,
)
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.config.api_key import contains, enabled_in, key_in, put_key, remove_key
from eliza_cloud.store.config.env import API_KEY, ENABLED, value_of
from eliza_cloud.store.config.json5 import render
from eliza_cloud.store.errors import ConfigError, NotWritable, StoreError
from eliza_cloud.store.signed_out import SignedOutKeys
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
    *,
    ignored: Callable[[Secret], bool] = lambda _: False,
) -> Held:
    """Find the key for a base URL: eliza.json, environment, record. Nothing may be half done in the record.

    A key that is `ignored` counts nowhere. What the record holds of another base URL counts where
    `same_cloud` says that both are of one cloud.
    Raises ConfigError for a key in the environment that cannot be one.
    """
    key: Secret | None = None
    source: Literal["file", "environment", "record"] | None = None
    recorded = record.key if record.base_url and same_cloud(record.base_url, base_url) else None
    in_file, in_environment = key_in(document), value_of(environ, API_KEY)
    if in_file and not ignored(Secret(in_file)):
        key, source = Secret(in_file), "file"
    elif in_environment and not ignored(Secret(in_environment)):
        check_given_key(environ)
        key, source = Secret(in_environment), "environment"
    elif recorded and not ignored(recorded):
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


def check_given_key(environ: Mapping[str, str]) -> None:
    """Raise ConfigError for a key in the environment that no header can carry."""
    given = value_of(environ, API_KEY) or ""
    if not (given.isascii() and (not given or given.isprintable())):
        raise ConfigError(f"{API_KEY}: expected printable ASCII characters; set it again or unset it.")


def move_of(record: AgentRecord, base_url: str) -> CloudMove | None:
    """Return where this base URL led to, as the record has it."""
    if record.moved_from != base_url or record.moved_api is None or record.moved_pages is None:
        return None
    return CloudMove(record.moved_api, record.moved_pages)


class ConfigDocument(Protocol):
    """What of an eliza.json the credentials need; see `ConfigFile`. Blocking, and called from a thread."""

    @property
    def where(self) -> str:
        """What it is called in sentences."""

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

    def keep_copy(self) -> None:
        """Keep a copy without secrets, for when another program breaks it."""


class Notes(Protocol):
    """Who hears of problems that last."""

    def note(self, problem: Problem) -> object:
        """Note that it holds from now on, or still."""

    def end(self, code: str) -> object:
        """Note that it is over."""


class _Nobody:
    def note(self, _problem: Problem) -> None:
        pass

    def end(self, _code: str) -> None:
        pass


class Credentials:
    """Login, identity and desired agent across eliza.json, record and environment, for one base URL.

    `also_forget` takes out of eliza.json what else ends with a sign-out, in one update; it must not raise.
    `same_cloud` tells whether a key of one base URL belongs to another. `notes` hears of what stays undone.
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
        signed_out: SignedOutKeys | None = None,
        notes: Notes | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._environ = environ
        self._base_url = base_url
        self._also_forget = also_forget
        self._same_cloud = same_cloud
        self._lock = asyncio.Lock()
        self._before: AgentRecord | None = None  # while a login is begun and could not be finished
        self._signed_out = signed_out or SignedOutKeys()
        self._notes: Notes = notes or _Nobody()
        self._given: str | None = None  # the key that the environment brought along
        self._leaving: set[str] | None = None  # the keys of a sign-out that is not finished
        self._recorded = True  # whether the next load would finish that
        self._signing_in = False  # one that a load could not finish
        self._key_left_in: tuple[str, ...] = ()

    @property
    def is_signing_out(self) -> bool:
        """Whether a sign-out was begun and is not finished."""
        return self._leaving is not None

    @property
    def is_unfinished(self) -> bool:
        """Whether something was begun that `pursue` would finish."""
        return self.is_signing_out or self._signing_in

    @property
    def is_recorded(self) -> bool:
        """Whether the next `load` finishes a sign-out that is not finished; else it would sign in again."""
        return self._recorded

    @property
    def key_left_in(self) -> tuple[str, ...]:
        """Where the key that was signed out last is still found, and ignored: a file, a variable."""
        return self._key_left_in

    async def pursue(self) -> None:
        """Try again to finish what was begun; a key that another program wrote since counts and stays."""
        await self._shielded(self._pursue)

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
        self._given = value_of(self._environ, API_KEY)
        record = await self._store.load()
        if record.signing_out:
            record = await self._resume_sign_out(record)
        elif record.signing_in and record.key and self._is_here(record):
            record = await self._resume_sign_in(record, record.key)
        document = await asyncio.to_thread(self._read)
        if self.is_signing_out or (self._signing_in and record.key):
            document = {"cloud": {"enabled": True}} if self._signing_in else {}
            environ: Mapping[str, str] = {}
        else:
            environ = self._environ
        known = await asyncio.to_thread(self._known, document, environ, record)
        if self._config.where in self._key_left_in:
            with suppress(StoreError):  # it is ignored there
                await asyncio.to_thread(self._clean_up)
        return held_by(
            document,
            record,
            environ,
            self._base_url,
            self._same_cloud,
            ignored=lambda key: key.reveal() in known,
        )

    def _known(
        self, document: Mapping[str, Any], environ: Mapping[str, str], record: AgentRecord
    ) -> set[str]:
        """Return the signed-out keys among those that are found, and say where they are."""
        found = {self._config.where: key_in(document), API_KEY: value_of(environ, API_KEY)}
        recorded = record.key and record.key.reveal()
        known = self._signed_out.known([key for key in (*found.values(), recorded) if key])
        self._note_left(tuple(place for place, key in found.items() if key in known))
        return known

    def _note_left(self, places: tuple[str, ...]) -> None:
        self._key_left_in = places
        if places:
            self._notes.note(SIGNED_OUT_KEY_LEFT.occurred(places=" and ".join(places)))
        else:
            self._notes.end(SIGNED_OUT_KEY_LEFT.code)

    async def _resume_sign_out(self, record: AgentRecord) -> AgentRecord:
        """Finish it; where that fails nobody is signed in, and it is pursued."""
        self._recorded = True
        self._leaving = await asyncio.to_thread(self._keys_leaving, record.key)
        try:
            return await self._finish_sign_out(record)
        except ConfigError:
            raise  # with a file that cannot be read nothing starts
        except StoreError as error:
            self._notes.note(SIGN_OUT_UNFINISHED.occurred(what=error))
            return AgentRecord()

    def _keys_leaving(self, recorded: Secret | None) -> set[str]:
        """Return the keys of a sign-out that a kill interrupted: one that was written since counts."""
        found = {key for key in (key_in(self._config.read()), self._given) if key}
        known = self._signed_out.known(found)
        if recorded is None and not known:
            return found
        return known | ({recorded.reveal()} if recorded else set())

    async def _resume_sign_in(self, record: AgentRecord, key: Secret) -> AgentRecord:
        """Finish it; where that fails the key counts all the same, and it is pursued."""
        try:
            record = await self._finish_sign_in(record, key)
        except ConfigError:
            raise
        except StoreError as error:
            self._signing_in = True
            self._notes.note(KEY_NOT_IN_FILE.occurred(path=self._config.where, reason=_short(error)))
        return record

    async def _pursue(self) -> None:
        if self.is_signing_out:
            await self._sign_out_again()
        elif self._signing_in:
            record = await self._store.load()
            if record.signing_in and record.key:
                await self._finish_sign_in(record, record.key)
            self._signing_in = False
            self._notes.end(KEY_NOT_IN_FILE.code)
        elif self._config.where in self._key_left_in:
            await asyncio.to_thread(self._clean_up)

    def _clean_up(self) -> None:
        """Remove a signed-out key that was left where it could not be removed, if it can be now."""
        key = key_in(self._config.read())
        if key and self._signed_out.known([key]):
            self._note_left(self._purge({key}))
        else:
            self._note_left(tuple(place for place in self._key_left_in if place != self._config.where))

    def _is_here(self, record: AgentRecord) -> bool:
        return record.base_url is not None and self._same_cloud(record.base_url, self._base_url)

    def _read(self) -> dict[str, Any]:
        self._config.discard_leftovers()
        document = self._config.read()
        self._notes.end(UNPROTECTED.code)
        if key_in(document):
            try:
                self._config.protect()
            except NotWritable:
                self._notes.note(UNPROTECTED.occurred(path=self._config.where))
        with suppress(StoreError):  # it would only have been a copy
            self._config.keep_copy()
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
        self._leaving = None  # the key that was to leave is replaced
        self._notes.end(SIGN_OUT_UNFINISHED.code)
        await self._finish_sign_in(record, key)
        self._before = None
        self._signing_in = False
        self._environ[API_KEY] = key.reveal()
        self._environ[ENABLED] = "true"

    async def _finish_sign_in(self, record: AgentRecord, key: Secret) -> AgentRecord:
        await asyncio.to_thread(self._put, key.reveal())
        try:
            return await self._save(record, signing_in=False)
        except StoreError:
            return record  # the key is in both places; the mark only makes the next load write it once more

    def _put(self, key: str) -> None:
        """Write the key into eliza.json; where that may not be written, what it holds is ignored."""
        self._signed_out.discard({key})
        try:
            self._config.update(partial(put_key, key=key))
        except NotWritable as error:
            before = {found for found in (key_in(self._config.read()), self._given) if found} - {key}
            self._signed_out.add(before)
            self._notes.note(KEY_NOT_IN_FILE.occurred(path=self._config.where, reason=_short(error)))
        else:
            self._notes.end(KEY_NOT_IN_FILE.code)
            self._notes.end(CONFIG_FILE_MISSING.code)
        self._note_left(())

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
        self._signing_in = False
        try:
            self._leaving = await asyncio.to_thread(self._keys_found)
            await self._sign_out_again()
        finally:
            self._environ.pop(API_KEY, None)
            self._environ.pop(ENABLED, None)

    def _keys_found(self) -> set[str]:
        found = {self._given, value_of(self._environ, API_KEY)}
        with suppress(StoreError):  # it says so when it is to be written
            found.add(key_in(self._config.read()))
        return {key for key in found if key}

    async def _sign_out_again(self) -> None:
        try:
            self._recorded = False
            held = await self._store.load()
            leaving = self._leaving = (self._leaving or set()) | ({held.key.reveal()} if held.key else set())
            others = leaving - ({held.key.reveal()} if held.key else set())
            await asyncio.to_thread(self._signed_out.add, others)
            record = AgentRecord(
                key=held.key,
                base_url=held.base_url,
                signing_out=True,
                moved_from=held.moved_from,
                moved_api=held.moved_api,
                moved_pages=held.moved_pages,
            )
            await self._store.save(record)
            self._recorded = True
            await self._finish_sign_out(record)
        except StoreError as error:
            self._notes.note(SIGN_OUT_UNFINISHED.occurred(what=error))
            raise

    async def _finish_sign_out(self, record: AgentRecord) -> AgentRecord:
        left = await asyncio.to_thread(self._purge, self._leaving or set())
        emptied = AgentRecord(
            moved_from=record.moved_from, moved_api=record.moved_api, moved_pages=record.moved_pages
        )
        await self._store.save(emptied)
        self._leaving = None
        self._note_left(left)
        self._notes.end(SIGN_OUT_UNFINISHED.code)
        self._notes.end(KEY_NOT_IN_FILE.code)
        return emptied

    def _purge(self, keys: set[str]) -> tuple[str, ...]:
        """Remove these keys from wherever that can be done, and return where they stay, to be ignored."""

        def forget(document: dict[str, Any]) -> None:
            others = key_in(document) not in (None, *keys)
            remove_key(document, keys)
            if not others:
                self._also_forget(document)

        left: list[str] = []
        try:
            self._config.update(forget, forget=keys)
        except NotWritable as error:
            refused: StoreError | None = error
        else:
            refused = None
        document = self._config.read()  # with what it includes, which is never written
        if key_in(document) in keys or (refused and contains(render(document), keys)):
            left.append(self._config.where)
        if self._given in keys:
            left.append(API_KEY)
        if left:
            self._signed_out.add(keys)
        else:
            self._signed_out.discard(keys)
        return tuple(left)

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


def _short(error: StoreError) -> str:
    """Return what the system said, without the action and the remedy of its sentence."""
    return str(error).partition(": ")[2].partition(";")[0].rstrip(".") or str(error).rstrip(".")
