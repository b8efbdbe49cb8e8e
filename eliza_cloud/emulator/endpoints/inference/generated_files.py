"""Generated pictures and videos: tiny files that are made on request from the digest in their address."""

import struct
import zlib
from hashlib import sha256

from aiohttp import web

from eliza_cloud.emulator.server.page import not_found_page

routes = web.RouteTableDef()

SIDE = 8


def digest(*parts: object) -> str:
    """What a file is named after: the same request, the same file."""
    return sha256("\n".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(name: str) -> bytes:
    """A PNG of eight by eight pixels in the one colour that the digest begins with."""
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes.fromhex(name)[:3] * SIDE) * SIDE
    pixels = zlib.compress(rows)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def video(name: str) -> bytes:
    """An MP4 file of two boxes: its type, and the digest as its data; there is nothing to see in it."""
    brands = b"isom" + struct.pack(">I", 512) + b"isommp41"
    boxes = ((b"ftyp", brands), (b"mdat", bytes.fromhex(name)))
    return b"".join(struct.pack(">I", 8 + len(data)) + kind + data for kind, data in boxes)


_MAKERS = {"png": (picture, "image/png"), "mp4": (video, "video/mp4")}


def address(request: web.Request, name: str, kind: str) -> str:
    """Where a file can be fetched, on the host that the caller knows."""
    return f"{request.scheme}://{request.host}/generated/{name}.{kind}"


@routes.get("/generated/{name:[0-9a-f]{32}}.{kind}")
async def get_file(request: web.Request) -> web.Response:
    """The file, for anyone who knows its address."""
    found = _MAKERS.get(request.match_info["kind"])
    if found is None:
        return not_found_page()
    make, content_type = found
    return web.Response(body=make(request.match_info["name"]), content_type=content_type)
