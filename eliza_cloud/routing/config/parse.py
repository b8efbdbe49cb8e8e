"""Reading routes from what was written by hand or by another program.

What is in force is lenient: unknown values are dropped, unknown members are left alone. A route that is set
through this service is checked: a member that would be dropped is refused.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from eliza_cloud.routing.config.types import (
    ELIZA_CLOUD,
    MEMBERS,
    SECTION,
    Capability,
    Route,
    Strategy,
    Transport,
)
from eliza_cloud.routing.upstreams.url import web_address
from eliza_cloud.store.config.json5 import describe

_CLOUD_SPELLINGS = {"elizacloud", "elizaoscloud"}


class RouteRefused(ValueError):  # noqa: N818 - the fact, as its readers name it
    """A route cannot be set as given; the message says which member, what was expected and what was found."""


def routes_in(document: Mapping[str, Any]) -> dict[Capability, Route]:
    """Return the routes that `serviceRouting` sets; invalid and empty ones are dropped."""
    section = document.get(SECTION)
    if not isinstance(section, dict):
        return {}
    read = {capability: route_in(section.get(capability.value)) for capability in Capability}
    return {capability: route for capability, route in read.items() if route is not None}


def route_in(entry: Any) -> Route | None:
    """Return an entry's route without what is invalid in it; None when nothing is left."""
    if not isinstance(entry, dict):
        return None
    members = {name: READERS[name](entry[name]) for name in MEMBERS if name in entry}
    known = {name: value for name, value in members.items() if value}
    return msgspec.convert(known, Route) if known else None


def checked_route(entry: Mapping[str, Any]) -> Route:
    """Return the route of an entry that is about to be set, completed; null stands for "not given".

    Raises RouteRefused for a member that is invalid, and for a route that leads nowhere.
    """
    given = {name: entry[name] for name in MEMBERS if entry.get(name) is not None}
    for name, value in given.items():
        if not READERS[name](value):
            raise RouteRefused(f"{name}: expected {expected_of(name)}, found {_found(name, value)}")
    route = route_in(given)
    if route is None:
        raise RouteRefused("The route is empty: name a backend, or a remoteApiBase")
    return _completed(route)


def unknown_members(entry: Any) -> list[str]:
    """Return the names in an entry that mean nothing here."""
    return [name for name in entry if name not in MEMBERS] if isinstance(entry, dict) else []


def backend_id(text: str) -> str:
    """Return a provider's id as it is compared: in lower case, Eliza Cloud in its one spelling."""
    name = text.strip().lower()
    return ELIZA_CLOUD if re.sub("[^a-z]", "", name) in _CLOUD_SPELLINGS else name


def _completed(route: Route) -> Route:
    """Fill in what follows from the rest: the transport, and the cloud's backend and account."""
    transport = route.transport
    if transport is None:
        if route.backend == ELIZA_CLOUD:
            transport = Transport.CLOUD_PROXY
        else:
            transport = Transport.REMOTE if route.remote_api_base else Transport.DIRECT
    backend = route.backend
    if transport is Transport.CLOUD_PROXY:
        backend = backend or ELIZA_CLOUD
        if backend != ELIZA_CLOUD:
            raise RouteRefused(f"transport cloud-proxy leads to {ELIZA_CLOUD} only, not to {backend}")
    elif transport is Transport.DIRECT and (backend is None or backend == ELIZA_CLOUD):
        raise RouteRefused("transport direct needs the backend of a provider, such as openai")
    elif transport is Transport.REMOTE and route.remote_api_base is None:
        raise RouteRefused("transport remote needs a remoteApiBase, the address of the server")
    account = route.account_id
    if transport is Transport.CLOUD_PROXY and not route.accounts:
        account = ELIZA_CLOUD
    return msgspec.structs.replace(route, transport=transport, backend=backend, account_id=account)


def _text(value: Any) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def _texts(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return list(dict.fromkeys(text for one in value if (text := _text(one)))) or None


def _backend(value: Any) -> str | None:
    text = _text(value)
    return backend_id(text) if text else None


def _one_of(words: type[StrEnum]) -> Callable[[Any], str | None]:
    known = {word.value for word in words}

    def read(value: Any) -> str | None:
        text = _text(value)
        return text if text in known else None

    return read


def _address(value: Any) -> str | None:
    text = _text(value)
    return web_address(text) if text else None


#: What reads each member; a falsy result means that the value is invalid.
READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(MEMBERS, _text),
    "backend": _backend,
    "transport": _one_of(Transport),
    "strategy": _one_of(Strategy),
    "accountIds": _texts,
    "remoteApiBase": _address,
}


def expected_of(name: str) -> str:
    """Return what a member has to be, in words."""
    if name in ("transport", "strategy"):
        words: type[StrEnum] = Transport if name == "transport" else Strategy
        return "one of " + ", ".join(word.value for word in words)
    if name == "accountIds":
        return "a list of account names"
    if name == "remoteApiBase":
        return "an http or https address without user name, query or fragment"
    return "a text that is not blank"


def _found(name: str, value: Any) -> str:
    """Describe a value, but not an address, which may hold a password."""
    return "something else (not shown)" if name == "remoteApiBase" else describe(value)
