"""The client of the running service: one HTTP request per call, its errors as `CliError`s."""

import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from eliza_cloud.cli.client.errors import refusal
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.core.problems import (
    BAD_URL,
    CONNECTION_LOST,
    NOT_OUR_SERVICE,
    SERVICE_ABSENT,
    SERVICE_TIMEOUT,
    URL_WITH_PASSWORD,
)

Body = dict[str, Any]

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 45.0
"""Seconds; longer than the service gives the cloud for a plain call."""
PATIENT = 960.0
"""Seconds for what the service itself gives fifteen minutes: a connect, a job of the cloud."""
TICK = 0.5
EVENTS = "text/event-stream"


class Service:
    """An eliza-cloud service at `url`. The token goes out as a bearer token and is shown nowhere.

    All calls of one command have one request id, under which the service's log has what they led to.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._prefix = urlsplit(self.url).path
        self._request_id = os.urandom(16).hex()
        self._headers = {"X-Request-Id": self._request_id}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, *, timeout: float = ANSWER_TIMEOUT) -> Body:
        """Return the body of a 2xx answer."""
        return self.request("GET", path, timeout=timeout)

    def post(self, path: str, body: Body | None = None, *, timeout: float = ANSWER_TIMEOUT) -> Body:
        """Return the body of a 2xx answer."""
        return self.request("POST", path, body, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        timeout: float = ANSWER_TIMEOUT,
        while_waiting: Callable[[], None] = lambda: None,
    ) -> Body:
        """Return the body of a 2xx answer; raises `CliError` for anything else.

        `while_waiting` is called twice a second until the answer comes.
        """
        with self._exchange(
            method,
            path,
            body,
            accept="application/json",
            timeout=timeout,
            while_waiting=while_waiting,
        ) as (answer, _):
            return self._accepted(answer)

    def stream(self, path: str, body: Body, *, timeout: float = 130.0) -> Iterator[Body]:
        """Yield the data frames of an event stream as they come; `timeout` is the longest silence."""
        with self._exchange("POST", path, body, accept=EVENTS, timeout=timeout) as (answer, _):
            self._streams(answer)
            for line in answer:
                if line.startswith(b"data:"):
                    yield self._decoded(line[5:])

    def lines(
        self, path: str, headers: Mapping[str, str], *, silence_timeout: Callable[[], float]
    ) -> Iterator[bytes]:
        """Yield the lines of an event stream as they come; `silence_timeout` bounds the wait for one."""
        with self._exchange("GET", path, None, accept=EVENTS, timeout=silence_timeout(), headers=headers) as (
            answer,
            connection,
        ):
            self._streams(answer)
            while line := answer.readline():
                yield line
                if answer.isclosed():  # the end of a body of known length
                    return
                connection.settimeout(silence_timeout())

    @contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        body: Body | None,
        *,
        accept: str,
        timeout: float,
        while_waiting: Callable[[], None] = lambda: None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[HTTPResponse, socket.socket]]:
        connection = self._connected()
        sent = {**self._headers, "Accept": accept, **(headers or {})}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, self._prefix + path, content, sent)
            _wait(connection, timeout, while_waiting)
            opened = connection.sock
            opened.settimeout(timeout)
            yield connection.getresponse(), opened
        except TimeoutError:
            raise CliError.of(
                SERVICE_TIMEOUT, ExitCode.TRY_LATER, url=self.url, seconds=round(timeout)
            ) from None
        except (OSError, HTTPException):
            raise CliError.of(CONNECTION_LOST, url=self.url) from None
        finally:
            connection.close()

    def _connected(self) -> HTTPConnection:
        try:
            parts = urlsplit(self.url)
            if "@" in parts.netloc:
                raise CliError.of(URL_WITH_PASSWORD, ExitCode.USAGE)
            kind: type[HTTPConnection] = {"http": HTTPConnection, "https": HTTPSConnection}[parts.scheme]
            connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_TIMEOUT)
        except (KeyError, ValueError, HTTPException):
            raise CliError.of(BAD_URL, ExitCode.USAGE, url=self.url) from None
        try:
            connection.connect()
        except OSError:
            raise CliError.of(SERVICE_ABSENT, ExitCode.NO_SERVICE, url=self.url) from None
        return connection

    def _streams(self, answer: HTTPResponse) -> None:
        if not (answer.headers.get("Content-Type") or "").startswith(EVENTS):
            self._accepted(answer)
            raise self._stranger()

    def _accepted(self, answer: HTTPResponse) -> Body:
        body = self._decoded(answer.read())
        if not 200 <= answer.status < 300:
            raise refusal(answer.status, body, answer.headers.get("Retry-After"), self._request_id)
        return body

    def _decoded(self, content: bytes) -> Body:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise self._stranger() from None
        if not isinstance(body, dict):
            raise self._stranger()
        return body

    def _stranger(self) -> CliError:
        return CliError.of(NOT_OUR_SERVICE, ExitCode.NO_SERVICE, url=self.url)


def _wait(connection: HTTPConnection, timeout: float, while_waiting: Callable[[], None]) -> None:
    deadline = time.monotonic() + timeout
    while not select.select([connection.sock], [], [], TICK)[0]:
        if time.monotonic() >= deadline:
            raise TimeoutError
        while_waiting()
