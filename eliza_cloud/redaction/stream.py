"""Taking the credentials of a request out of its answer as that passes by, whatever its format and cuts."""

from collections.abc import Iterable

import aiohttp

from eliza_cloud.redaction.secret import PIECE, hide

STAR = "*"
_CREDENTIALS = ("X-API-Key", "Authorization", "X-Service-Key")


class StreamRedactor:
    """Masks each piece of a secret, byte for byte, so that lengths stay right; nothing else is changed.

    What could be the start of a piece is held back until what follows shows whether it is one.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= PIECE]
        self._held = self._shown = ""

    def feed(self, chunk: bytes) -> bytes:
        """Return what may pass of this chunk and of what was held back."""
        text = self._held + chunk.decode("latin-1")
        masked = self.redact(text)
        known = "".join(
            STAR if before == STAR else now for before, now in zip(self._shown, masked, strict=False)
        )
        shown = known + masked[len(known) :]
        cut = len(text) - max((_beginning(text, secret) for secret in self._secrets), default=0)
        self._held, self._shown = text[cut:], shown[cut:]
        return shown[:cut].encode("latin-1")

    def flush(self) -> bytes:
        """Return what was held back, at the end of the body."""
        shown, self._held, self._shown = self._shown, "", ""
        return shown.encode("latin-1")

    def redact(self, text: str) -> str:
        """Return the text with every piece of a secret in stars."""
        return hide(text, self._secrets, STAR, each=True)


def redactor_of(response: aiohttp.ClientResponse) -> StreamRedactor:
    """Return a strainer for the credentials that the request of this response carried."""
    headers = response.request_info.headers
    return StreamRedactor(headers[name].rpartition(" ")[2] for name in _CREDENTIALS if name in headers)


def _beginning(text: str, secret: str) -> int:
    """Return the length of the longest end of the text that is somewhere in the secret."""
    longest = min(len(text), len(secret))
    return next((size for size in range(longest, 0, -1) if text[-size:] in secret), 0)
