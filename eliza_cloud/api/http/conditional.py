"""Conditional requests (RFC 9110 §13): responses that are made once and sent many times."""

import gzip
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec
from aiohttp import web


class CachedResponse:
    """A response with its `ETag`; 304 for a client that has it (RFC 9110 §13.1.2).

    A client that takes gzip gets it compressed, under a tag of its own.
    """

    def __init__(self, content: bytes, media: str, headers: Mapping[str, str] | None = None) -> None:
        self.content = content
        self._media = media
        self._tag = sha256(content).hexdigest()[:32]
        self._headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", **(headers or {})}

    def answer(self, request: web.Request) -> web.Response:
        """Return the answer, 304 when `If-None-Match` names it."""
        zipped = takes_gzip(request.headers.get("Accept-Encoding", ""))
        tag = f"{self._tag}-gzip" if zipped else self._tag
        headers = {"ETag": f'"{tag}"', **self._headers}
        if any(one.value in (tag, "*") for one in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        content = self._zipped if zipped else self.content
        if zipped:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=content, content_type=self._media, charset="utf-8", headers=headers)

    @cached_property
    def _zipped(self) -> bytes:
        return gzip.compress(self.content, mtime=0)


def takes_gzip(accepted: str) -> bool:
    """Tell whether an `Accept-Encoding` header names gzip, and not with a weight of zero."""
    for one in accepted.split(","):
        name, _, weight = one.replace(" ", "").lower().partition(";q=")
        if name in {"gzip", "x-gzip"}:
            return weight.strip("0.") != "" or not weight
    return False


class Reference(msgspec.Struct, frozen=True):
    """The API described by itself: the OpenAPI document, and the page made of it."""

    document: CachedResponse
    page: CachedResponse
    #: The document as plain JSON, for searches in it.
    searched: dict[str, Any]
