"""Which endpoint of Eliza Cloud a path belongs to: a bounded set, without ids."""

import re

OTHER = "other"

_AGENT = "/api/v1/{prefix}/agents/{id}"
ENDPOINTS = (
    "/api/auth/cli-session",
    "/api/auth/cli-session/{id}",
    "/api/v1/user",
    "/api/v1/jobs/{id}",
    "/api/v1/{prefix}/agents",
    _AGENT,
    f"{_AGENT}/provision",
    f"{_AGENT}/suspend",
    f"{_AGENT}/resume",
    f"{_AGENT}/bridge",
    f"{_AGENT}/stream",
    f"{_AGENT}/snapshot",
    f"{_AGENT}/backups",
    f"{_AGENT}/restore",
    "/api/v1/credits/balance",
    "/api/v1/credits/summary",
    "/api/v1/credits/verify",
    "/api/v1/credits/checkout",
    "/api/v1/billing/settings",
    "/api/credits/transactions",
    "/api/crypto/status",
    "/api/crypto/payments",
    "/api/v1/models",
    "/api/v1/chat/completions",
    "/api/v1/embeddings",
    "/api/v1/voice/tts",
    "/api/v1/generate-image",
    "/api/v1/generate-video",
    "/api/v1/rpc/{chain}",
    "/api/compat/{path}",
)
_SHAPES = {
    "{prefix}": "(?:eliza|milady|milaidy)",
    "{id}": "[^/]+",
    "{chain}": "[^/]+",
    "{path}": ".+",
}


def _shape(template: str) -> str:
    return re.sub(r"{\w+}", lambda found: _SHAPES[found[0]], template.replace("-", r"\-"))


_KNOWN = re.compile("|".join(f"({_shape(template)})" for template in ENDPOINTS))


def endpoint_of(path: str) -> str:
    """Return the template of an encoded path, whatever path of the base URL's own leads; `OTHER` for none."""
    for start in (path.find("/api/"), path.rfind("/api/")):
        found = _KNOWN.fullmatch(path, max(start, 0))
        if found is not None and found.lastindex is not None:
            return ENDPOINTS[found.lastindex - 1]
    return OTHER
