"""The settings of routes and providers, and with those of the cloud the whole table of `eliza.json`.

The JSON Schema, the reference and `eliza-cloud config` derive from `SETTINGS` and
`VARIABLES`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from eliza_cloud.cloud.errors import BaseUrlRefused
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.redaction.secret import KEY_SHAPE
from eliza_cloud.routing.config.parse import READERS, expected_of
from eliza_cloud.routing.config.types import SECTION as ROUTES
from eliza_cloud.routing.config.types import Capability, Strategy, Transport
from eliza_cloud.routing.upstreams.env import FURTHER
from eliza_cloud.routing.upstreams.env import SECTION as ENV
from eliza_cloud.routing.upstreams.providers import PROVIDERS
from eliza_cloud.routing.upstreams.providers import SECTION as DESCRIBED
from eliza_cloud.routing.upstreams.resolve import REMOTE_TOKEN
from eliza_cloud.store.config.env import OWN_SECRETS, OWN_VARIABLES
from eliza_cloud.store.config.setting_types import TEXT, Setting, TakesEffect, ValueKind, Variable, WrongValue
from eliza_cloud.store.config.settings import CLOUD_SETTINGS, LEFT_ALONE, SHELL_NOTE, UNUSED_SHELL, value_at
from eliza_cloud.store.config.validate import HIDDEN, SettingProblem, problems, tree

_NOT_BLANK = {"type": "string", "pattern": r"\S"}
_ADDRESS = {"type": "string", "pattern": r"^\s*https?://[^\s@?#]+\s*$"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "transport": {"enum": [word.value for word in Transport]},
    "strategy": {"enum": [word.value for word in Strategy]},
    "accountIds": {"type": "array", "contains": _NOT_BLANK},
    "remoteApiBase": _ADDRESS,
}
_ABOUT = {
    "backend": "Who serves it: `elizacloud`, a known provider, or an id of `providers`.",
    "transport": "How it gets there: to Eliza Cloud, to a provider, or to the server at `remoteApiBase`.",
    "accountId": "The one account to use.",
    "accountIds": "Several accounts to choose from.",
    "strategy": "How one of several accounts is chosen; `priority` by default.",
    "primaryModel": "The model where a request names none, or a tier without a model of its own.",
    "remoteApiBase": "The address of another server, with transport `remote`.",
}


def _checked(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Turn a lenient reader into a strict one."""

    def strict(value: Any) -> Any:
        if not (found := read(value)):
            raise WrongValue
        return found

    return strict


def _kind(member: str) -> ValueKind:
    """Return what a member of a route takes; an address may hold a password."""
    return ValueKind(
        expected=expected_of(member),
        schema=_SCHEMAS.get(member, _NOT_BLANK),
        read=_checked(READERS[member]),
        discreet=member == "remoteApiBase",
    )


def _of_tier(member: str) -> str:
    return f"What a request means by the model `{member.removesuffix('Model')}`."


def _variable_of_a_provider(value: Any) -> str:
    name: str = _kind("backend").read(value)
    if str(value).strip() in OWN_SECRETS:
        raise WrongValue
    return name


_KEY_VARIABLE = ValueKind(
    expected="the name of a variable that holds the provider's own key, so not"
    f" {' or '.join(sorted(OWN_SECRETS))}",
    schema={**_NOT_BLANK, "not": {"enum": sorted(OWN_SECRETS)}},
    read=_variable_of_a_provider,
)
_TOKEN = ValueKind(expected="a string", schema={"type": "string"}, read=TEXT.read, secret=True)

ROUTING_SETTINGS = (
    *(
        Setting(
            path=f"{ROUTES}.<capability>.{member}",
            kind=_kind(member),
            about=_ABOUT.get(member) or _of_tier(member),
            takes_effect=TakesEffect.AT_ONCE,
        )
        for member in READERS
    ),
    Setting(
        path=f"{DESCRIBED}.<id>.baseUrl",
        kind=_kind("remoteApiBase"),
        about="The address of a provider that speaks as OpenAI does; for a known provider, another address.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
    Setting(
        path=f"{DESCRIBED}.<id>.keyVariable",
        kind=_KEY_VARIABLE,
        about="The name of the variable that holds the provider's key; without it no key is sent.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
    Setting(
        path=f"{ENV}.<variable>",
        kind=_TOKEN,
        about="A variable for providers, such as `OPENAI_API_KEY`; it wins over the environment.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
    Setting(
        path=f"{ENV}.{FURTHER}.<variable>",
        kind=_TOKEN,
        about=f"The same as `{ENV}.<variable>`, which wins: where other programs put variables.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
    Setting(
        path="deploymentTarget.runtime",
        kind=TEXT,
        about=f"With `remote`, and while there is no `{ROUTES}`, chat goes to the address below.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
    Setting(
        path="deploymentTarget.remoteApiBase",
        kind=_kind("remoteApiBase"),
        about="The address of that server.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
    Setting(
        path="deploymentTarget.remoteAccessToken",
        kind=_TOKEN,
        about=f"That server's token, where `{REMOTE_TOKEN}` is not set.",
        takes_effect=TakesEffect.AT_ONCE,
    ),
)
SETTINGS = (*CLOUD_SETTINGS, *ROUTING_SETTINGS)
TREE = tree(
    SETTINGS,
    left_alone=(*LEFT_ALONE, UNUSED_SHELL),
    shared=("", "deploymentTarget"),
    choices={"<capability>": [one.value for one in Capability]},
)
VARIABLES = (
    *OWN_VARIABLES,
    *(
        Variable(
            name=name,
            about=f"The key of the provider `{provider.id}`; with `_WORK` at the end, of its account `work`.",
            secret=True,
        )
        for provider in PROVIDERS.values()
        for name in provider.key_variables
    ),
    *(
        Variable(
            name=provider.base_variable,
            default=provider.base,
            about=f"The address of the provider `{provider.id}`.",
        )
        for provider in PROVIDERS.values()
        if provider.base_variable
    ),
    Variable(
        name=REMOTE_TOKEN,
        about="The token of the server that a route with transport `remote` leads to.",
        secret=True,
    ),
)


def problems_in(document: Mapping[str, Any], *, allow_loopback: bool) -> list[SettingProblem]:
    """Return all that is wrong or unknown in eliza.json, the address of the cloud included."""
    found = list(problems(document, TREE))
    if value_at(document, UNUSED_SHELL) is not None:
        found.append(SettingProblem(path=tuple(UNUSED_SHELL.split(".")), note=SHELL_NOTE))
    address = value_at(document, "cloud.baseUrl")
    if isinstance(address, str) and address.strip():
        try:
            parse_base_url(address, allow_loopback=allow_loopback)
        except BaseUrlRefused as refused:
            reason = str(refused).partition(": ")[2].partition(". ")[0]
            expected = f"the https address of a cloud ({reason})"
            found.append(
                SettingProblem(
                    path=("cloud", "baseUrl"),
                    expected=expected,
                    found=json.dumps(address) if is_showable(address) else HIDDEN,
                )
            )
    return found


def is_showable(text: str) -> bool:
    """Tell whether a text may be shown: not one that may hold a password or a key."""
    return (
        text.isprintable()
        and len(text) <= 200
        and not re.search(r"[@?]", text)
        and not KEY_SHAPE.search(text)
    )
