"""The session for servers the user chose: without the cloud's key, and private addresses are allowed."""

from importlib.metadata import version

import aiohttp


def open_own_session() -> aiohttp.ClientSession:
    """Open a session without cookies, proxies or netrc; a connection of its own for each request.

    A kept connection that died unnoticed would fail a request that must not be repeated.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"eliza-cloud/{version('eliza-cloud')}", "Accept-Encoding": "identity"},
        trust_env=False,
    )
