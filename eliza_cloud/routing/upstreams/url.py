"""The base address of a server the user chose: http or https, private addresses included."""

from yarl import URL


def web_address(text: str) -> str | None:
    """Return an address without a trailing slash; None when it is none, or holds more than a path.

    A user name, a query or a fragment is refused: they often are secrets, and an address is shown.
    """
    try:
        url = URL(text)
        if url.scheme not in {"http", "https"} or not url.host or not url.port:
            return None
    except ValueError:
        return None
    if "@" in url.raw_authority or "?" in text or "#" in text or not text.isprintable() or " " in text:
        return None
    return text.rstrip("/")


def with_version(address: str) -> str:
    """Return an OpenAI-compatible base: an address without a path gets the usual `/v1`."""
    return address if URL(address).path.strip("/") else f"{address}/v1"


def without_version(address: str) -> str:
    """Return a server's root: the address without a trailing `/v1`."""
    return address.removesuffix("/v1")
