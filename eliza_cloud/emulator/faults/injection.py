"""Making scripted faults happen on the wire: late, silent, broken off, malformed, or simply wrong answers."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from eliza_cloud.emulator.endpoints.stream import MIDWAY
from eliza_cloud.emulator.faults.plan import FAULTS, Fault
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.page import page
from eliza_cloud.emulator.server.responses import json_response, to_json

CLOSING = web.AppKey("closing", asyncio.Event)
HUGE_BYTES: Final = 64 * 1024 * 1024
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
_MIDWAY: Final = frozenset({"cut", "truncate", "hang-body"})
_INSTEAD: Final = frozenset({"hang", "drop", "reset", "status", "malformed", "html", "huge", "redirect"})


@web.middleware
async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Apply the fault that is scripted for the call, if any; the control endpoints never fail."""
    if request.path.startswith("/emulator/"):
        return await handler(request)
    fault = request.app[FAULTS].match(request.method, request.path)
    if fault is None:
        return await handler(request)
    if fault.fault == "delay":
        if fault.after:
            response = await handler(request)
            await _wait(request, fault.seconds)
            return response
        await _wait(request, fault.seconds)
        return await handler(request)
    if fault.fault in _MIDWAY:
        break_off: Callable[[], Awaitable[None]] = partial(_break_off, request, fault)
        request[MIDWAY] = break_off
    if fault.fault in _INSTEAD:
        if fault.after:
            await handler(request)
        return await _instead(request, fault)
    response = await handler(request)
    return response if fault.fault == "cut" else await _spoiled(request, fault, response)


async def _wait(request: web.Request, seconds: float | None) -> None:
    """Wait as long as the fault says, without limit if it says nothing; the emulator's end ends it too."""
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(request.app[CLOSING].wait())]
    if seconds is not None:
        waits.append(asyncio.create_task(request.app[CLOUD].clock.sleep(seconds)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _hang_up(request: web.Request, *, reset: bool = False) -> web.Response:
    """Close the connection; what is returned goes nowhere."""
    transport = request.transport
    if transport is not None and reset:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
    elif transport is not None:
        transport.close()
    return web.Response()


async def _break_off(request: web.Request, fault: Fault) -> None:
    """Break a stream off in its middle; a `cut` one just ends."""
    if fault.fault == "hang-body":
        await _wait(request, fault.seconds)
    if fault.fault != "cut":
        _hang_up(request)


async def _instead(request: web.Request, fault: Fault) -> web.StreamResponse:
    status, headers = fault.status, fault.headers
    match fault.fault:
        case "hang":
            await _wait(request, fault.seconds)
            return _hang_up(request)
        case "drop" | "reset":
            return _hang_up(request, reset=fault.fault == "reset")
        case "malformed":
            text = fault.body if isinstance(fault.body, str) else '{"success":true,"data":{"id":'
            return web.Response(
                text=text, status=status or 200, headers=headers, content_type="application/json"
            )
        case "html":
            return page("Application error", "<p>Something broke on the way.</p>", status or 500)
        case "redirect":
            return web.Response(status=status or 302, headers={"Location": fault.location or "/", **headers})
        case "huge":
            return await _huge(request, status or 200)
        case _:
            body = {"success": False, "error": "Scripted fault"} if fault.body is None else fault.body
            return json_response(body, status or 500, headers)


async def _huge(request: web.Request, status: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"success":true,"data":"')
    block = b"a" * (256 * 1024)
    for _ in range(HUGE_BYTES // len(block)):
        if request.transport is None or request.transport.is_closing() or request.app[CLOSING].is_set():
            return response
        await response.write(block)
    await response.write(b'"}')
    return response


def _twisted(value: object) -> object:
    """The same document with every value of another type than promised; `success` stays, to be read."""
    match value:
        case dict():
            return {key: each if key == "success" else _twisted(each) for key, each in value.items()}
        case list():
            return {"items": len(value)}
        case str():
            return len(value)
        case bool() | int() | float():
            return str(value)
        case _:
            return []


async def _spoiled(request: web.Request, fault: Fault, response: web.StreamResponse) -> web.StreamResponse:
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response if MIDWAY in request else _hang_up(request)
    if fault.fault == "wrong-types":
        return web.Response(
            text=to_json(_twisted(json.loads(response.body))),
            status=response.status,
            content_type="application/json",
        )
    partial = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    partial.content_length = max(2, len(response.body))
    await partial.prepare(request)
    await partial.write(response.body[: len(response.body) // 2])
    if fault.fault == "hang-body":
        await _wait(request, fault.seconds)
    _hang_up(request)
    return partial
