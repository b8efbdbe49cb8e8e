"""Conditional requests (RFC 9110 §13): responses that are made once and sent many times."""

from collections.abc import Mapping
from hashlib import sha256

import msgspec
from aiohttp import web


class CachedResponse:
    """A response with its `ETag`; 304 for a client that has it (RFC 9110 §13.1.2)."""

    def __init__(self, content: bytes, media: str, headers: Mapping[str, str] | None = None) -> None:
        self.content = content
        self._media = media
        self._tag = sha256(content).hexdigest()[:32]
        self._headers = {"ETag": f'"{self._tag}"', "Cache-Control": "no-cache", **(headers or {})}

    def answer(self, request: web.Request) -> web.Response:
        """Return the answer, 304 when `If-None-Match` names it."""
        if any(tag.value in (self._tag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=self._headers)
        return web.Response(
            body=self.content, content_type=self._media, charset="utf-8", headers=self._headers
        )


class Reference(msgspec.Struct, frozen=True):
    """The API described by itself: the OpenAPI document, and the page made of it."""

    document: CachedResponse
    page: CachedResponse
