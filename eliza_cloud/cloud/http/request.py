"""One request and its answer: bounded bodies, JSON judged by parsing it, redirects within one cloud only.

A request that the cloud refused with a 503 that passes is repeated twice, shortly.
"""

import asyncio
import io
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from eliza_cloud.cloud.errors import (
    CloudError,
    InvalidRequest,
    InvalidResponse,
    KeyRefused,
    Redirected,
    TimedOut,
)
from eliza_cloud.cloud.http.address import CloudAddress
from eliza_cloud.cloud.http.error_body import pause_before_repeat, retry_after, says_unknown_path
from eliza_cloud.cloud.http.network_errors import NETWORK_ERRORS, network_error
from eliza_cloud.cloud.http.trace_context import trace_headers
from eliza_cloud.core.problems import (
    CLOUD_TIMEOUT,
    KEY_UNSENDABLE,
    NOT_ENCODABLE,
    REDIRECTED,
    RESPONSE_TOO_LARGE,
)
from eliza_cloud.redaction.secret import CloudTextRedactor, Secret


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds for each kind of call; the defaults: local-api §14 and cloud-api §19."""

    rest: float = 30.0
    #: Deleting and suspending block in the first generation until the container has stopped.
    stop: float = 60.0
    restore: float = 130.0
    login: float = 10.0
    heartbeat: float = 10.0
    #: The newest generation tries four ways of 60 s each, and polls between them (cloud-api-latest L6).
    message: float = 300.0
    #: A bridge that is "unreachable" after this long was waited for by the cloud (its limit is 30 s or more).
    bridge_wait_limit: float = 25.0
    stream_connect: float = 10.0
    stream_idle: float = 125.0
    stream_total: float = 600.0


#: The bounds that this context works under.
_TIMEOUTS_IN_FORCE: ContextVar[tuple[asyncio.Timeout, ...]] = ContextVar("bounds", default=())


@asynccontextmanager
async def bounded(seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` when the body takes longer than `seconds`; the body can ask `is_overdue`."""
    async with asyncio.timeout(seconds) as timeout:
        before = _TIMEOUTS_IN_FORCE.set((*_TIMEOUTS_IN_FORCE.get(), timeout))
        try:
            yield
        finally:
            _TIMEOUTS_IN_FORCE.reset(before)


def is_overdue() -> bool:
    """Tell, to whom is being cancelled, whether that is because a bound was reached."""
    return any(timeout.expired() for timeout in _TIMEOUTS_IN_FORCE.get())


def time_left() -> float:
    """Return the seconds until the first bound of this context is reached."""
    ends = [end for timeout in _TIMEOUTS_IN_FORCE.get() if (end := timeout.when()) is not None]
    return min(ends, default=math.inf) - asyncio.get_running_loop().time()


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Raise `TimedOut` when the body takes longer than `seconds`."""
    try:
        async with bounded(seconds):
            yield
    except TimeoutError:
        raise timed_out(seconds) from None


def timed_out(seconds: float) -> TimedOut:
    """Return the error for a call that had `seconds`."""
    return TimedOut(CLOUD_TIMEOUT.occurred(seconds=f"{seconds:g}"))


MAX_JSON_BYTES = 8 * 1024 * 1024

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)


@dataclass(frozen=True, slots=True)
class CloudResponse:
    """What the cloud said: status, JSON object (None: the body was none), seconds from Retry-After."""

    status: int
    document: dict[str, Any] | None
    retry_after: float | None

    @property
    def is_unknown_path(self) -> bool:
        """Whether it is how a server says that it has no such path (cloud-api §3, cloud-api-latest L22)."""
        if self.document is None:
            return self.status in {404, 500}
        return self.status == 404 and says_unknown_path(self.document)


class Exchange:
    """Sends requests with one key or none; every failure is a `CloudError`. The caller bounds the time.

    A `session` that is None is not open yet. With an `address`, a redirect to another host of the same cloud
    moves it, and that request is repeated there once; every other redirect is refused. `sleep` waits before a
    repetition. With `is_single_header` the key travels in one header only, as the call that revokes it wants.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession | None,
        key: Secret | None,
        address: CloudAddress | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        is_single_header: bool = False,
    ) -> None:
        self.session = session
        self._key = key
        self._address = address
        self._sleep = sleep
        self._is_single_header = is_single_header
        self.redaction = CloudTextRedactor(key)

    async def call(
        self,
        method: str,
        url: URL,
        body: Any = None,
        *,
        more_headers: Mapping[str, str] = MappingProxyType({}),
        is_repeatable: bool = True,
    ) -> CloudResponse:
        """Return the answer of any status but 3xx; `body` is sent as JSON, None sends no body."""
        repeats = 0
        while True:
            answer = await self._call_once(method, url, body, more_headers)
            if not is_repeatable or not await self.pause(answer, repeats):
                return answer
            repeats += 1

    async def pause(self, answer: CloudResponse, repeats: int) -> bool:
        """Wait before a request is repeated; False when it is not, or when no time would be left for that."""
        if answer.status != 503:
            return False
        pause = pause_before_repeat(answer.document, answer.retry_after, repeats)
        if pause is None or pause >= time_left():
            return False
        await self._sleep(pause)
        return True

    async def _call_once(
        self, method: str, url: URL, body: Any, more_headers: Mapping[str, str]
    ) -> CloudResponse:
        try:
            async with self.open(method, url, body, more_headers=more_headers) as response:
                return await read_answer(response, self.redaction)
        except NETWORK_ERRORS as error:
            failed = network_error(error, url)
        raise failed  # outside the handler: aiohttp's exceptions hold the request's headers

    @asynccontextmanager
    async def open_answer(
        self,
        method: str,
        url: URL,
        body: Any = None,
        *,
        accept: str = "application/json",
        more_headers: Mapping[str, str] = MappingProxyType({}),
        timeout: aiohttp.ClientTimeout = _NO_TIMEOUT,
    ) -> AsyncIterator[aiohttp.ClientResponse | CloudResponse]:
        """Yield the response of a success, its body unread, else the whole answer. Raises network errors."""
        repeats = 0
        while True:
            async with self.open(
                method, url, body, accept=accept, more_headers=more_headers, timeout=timeout
            ) as response:
                if 200 <= response.status < 300:
                    yield response
                    return
                answer = await read_answer(response, self.redaction)
            if not await self.pause(answer, repeats):
                break
            repeats += 1
        yield answer

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: URL,
        body: Any = None,
        *,
        accept: str = "application/json",
        more_headers: Mapping[str, str] = MappingProxyType({}),
        timeout: aiohttp.ClientTimeout = _NO_TIMEOUT,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the response, its body unread; leaving early closes the connection. Raises network errors."""
        headers = {"Accept": accept, **more_headers, **trace_headers(), **self._credentials()}
        content = None
        if body is not None:
            content = encoded(body)
            headers["Content-Type"] = "application/json"
        response = await self._send(method, url, content, headers, timeout)
        try:
            if 300 <= response.status < 400:
                target = self._redirect_target(response, url)
                response.close()
                response = await self._send_on(method, target, content, headers, timeout)
            yield response
        finally:
            response.close()

    async def _send(
        self,
        method: str,
        url: URL,
        content: bytes | None,
        headers: dict[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        if self.session is None:
            raise RuntimeError("The client is not open. Use it within `async with ElizaCloudClient(…)`.")
        return await self.session.request(
            method,
            url,
            data=None if content is None else io.BytesIO(content),
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            raise_for_status=False,
            middlewares=(_once,),
        )

    async def _send_on(
        self,
        method: str,
        target: URL,
        content: bytes | None,
        headers: dict[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Repeat a request where a redirect led; the address moves once there is an answer."""
        failed: CloudError | None = None
        try:
            response = await self._send(method, target, content, headers, timeout)
        except NETWORK_ERRORS as error:
            failed = network_error(error, target)  # here, since only here it is known which host failed
        if failed is not None:
            raise failed
        if 300 <= response.status < 400:
            response.close()
            raise _redirected(response, self.redaction)
        if self._address is not None:
            self._address.move_to(target)
        return response

    def _redirect_target(self, response: aiohttp.ClientResponse, url: URL) -> URL:
        location = response.headers.get("Location")
        if self._address is not None:
            target = self._address.redirect_target(url, response.status, location)
            if target is not None:
                return target
        raise _redirected(response, self.redaction)

    def _credentials(self) -> dict[str, str]:
        """Return both headers the cloud accepts a key in (cloud-api §4), or the one that fits every key."""
        if self._key is None:
            return {}
        key = self._key.reveal()
        if not all("!" <= character <= "~" for character in key):
            raise KeyRefused(KEY_UNSENDABLE.occurred())
        return {"X-API-Key": key} | ({} if self._is_single_header else {"Authorization": f"Bearer {key}"})


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a GET or DELETE whose connection died: collecting a key works only once."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise aiohttp.ClientPayloadError("the connection was lost") from None


def encoded(body: Any) -> bytes:
    """Return a body as JSON; raises `InvalidRequest` for what cannot be."""
    try:
        return msgspec.json.encode(body)
    except (UnicodeEncodeError, RecursionError):
        raise InvalidRequest(NOT_ENCODABLE.occurred()) from None


async def read_answer(response: aiohttp.ClientResponse, redaction: CloudTextRedactor) -> CloudResponse:
    """Read a response to its end, at most `MAX_JSON_BYTES` of it; raises `InvalidResponse` for more.

    A key that the cloud sends back goes no further than here.
    """
    return CloudResponse(
        status=response.status,
        document=redaction.document(json_object(await _read(response))),
        retry_after=retry_after(response.headers),
    )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    if (response.content_length or 0) <= MAX_JSON_BYTES:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_JSON_BYTES:
                break
        else:
            return bytes(body)
    problem = RESPONSE_TOO_LARGE.occurred(size=MAX_JSON_BYTES // 2**20)
    raise InvalidResponse(problem, cloud_status=response.status)


def json_object(body: bytes) -> dict[str, Any] | None:
    """Decode a JSON object; None for anything else, since nothing else is an answer of the cloud."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _redirected(response: aiohttp.ClientResponse, redaction: CloudTextRedactor) -> Redirected:
    """Name the host a redirect leads to, as far as that helps to set the base URL right."""
    try:
        location = response.url.join(URL(response.headers.get("Location", "")))
        target = f" to {location.scheme}://{redaction.sentence(location.host)}" if location.host else ""
    except ValueError:
        target = ""
    return Redirected(REDIRECTED.occurred(target=target), cloud_status=response.status)
