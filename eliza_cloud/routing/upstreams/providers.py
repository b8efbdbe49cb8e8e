"""The direct providers: six that are known, and those that eliza.json names under `providers`.

All are spoken to as OpenAI is. Anthropic and Google offer that beside their own protocols, at the addresses
below.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from eliza_cloud.routing.config.parse import backend_id
from eliza_cloud.routing.upstreams.url import web_address

SECTION = "providers"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a provider. Its key is in the first of `key_variables` that is set; () means no key.

    `base` is None when the settings hold no valid address. A value of `base_variable` wins over it.
    """

    id: str
    base: str | None
    base_variable: str | None = None
    key_variables: tuple[str, ...] = ()
    key_required: bool = True
    #: Whether it answers chain calls; the known ones do not.
    serves_rpc: bool = False


def _known(name: str, base: str, *more_variables: str, key_required: bool = True) -> Provider:
    prefix = name.upper()
    return Provider(
        id=name,
        base=base,
        base_variable=f"{prefix}_BASE_URL",
        key_variables=(f"{prefix}_API_KEY", *more_variables),
        key_required=key_required,
    )


PROVIDERS = {
    provider.id: provider
    for provider in (
        _known("openai", "https://api.openai.com/v1"),
        _known("anthropic", "https://api.anthropic.com/v1"),
        _known("groq", "https://api.groq.com/openai/v1"),
        _known("openrouter", "https://openrouter.ai/api/v1"),
        _known(
            "google",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            "GOOGLE_GENERATIVE_AI_API_KEY",
        ),
        _known("ollama", "http://127.0.0.1:11434/v1", key_required=False),
    )
}


def providers_in(document: Mapping[str, Any]) -> dict[str, Provider]:
    """Return all providers by id: the known ones, changed and joined by `providers.<id>` of the file.

    Members: `baseUrl`, and `keyVariable`, the name of the variable that holds the key.
    """
    section = document.get(SECTION)
    named = section.items() if isinstance(section, dict) else ()
    found = dict(PROVIDERS)
    for name, entry in named:
        if isinstance(entry, dict) and name.strip():
            found[backend_id(name)] = _named(backend_id(name), entry, PROVIDERS.get(backend_id(name)))
    return found


def _named(name: str, entry: dict[str, Any], known: Provider | None) -> Provider:
    provider = known or Provider(id=name, base=None, key_required=False, serves_rpc=True)
    base, variable = entry.get("baseUrl"), entry.get("keyVariable")
    if base is not None:
        provider = msgspec.structs.replace(
            provider, base=web_address(base.strip()) if isinstance(base, str) else None
        )
    if isinstance(variable, str) and variable.strip():
        provider = msgspec.structs.replace(provider, key_variables=(variable.strip(),), key_required=True)
    return provider
