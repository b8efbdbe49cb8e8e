"""A TLS front before the cloud, in a world whose time a test sets: so this machine's clock can be wrong."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import trustme

from tests.harness.waiting import HANG


class TlsFront:
    """Passes each connection on to a port of this machine; certificate and `Date` are of the world's time."""

    def __init__(self, target: int, tmp_path: Path) -> None:
        self._target = target
        self._authority = trustme.CA()
        self.authority_file = tmp_path / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.authority_file))
        self._context: ssl.SSLContext
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        return f"https://localhost:{self._listener.getsockname()[1]}"

    def the_clock_is_behind(self, by: timedelta) -> None:
        """Let the world be so much ahead of this machine's clock; its certificates are a day old."""
        self._ahead = by
        start = datetime.now(UTC) + by - timedelta(days=1)
        issued = self._authority.issue_cert(
            "localhost", not_before=start, not_after=start + timedelta(days=90)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        self._context = context

    def start(self) -> None:
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(30)

    def _dated(self, chunk: bytes) -> bytes:
        """Put the world's time into the head of an answer."""
        date = format_datetime(datetime.now(UTC) + self._ahead, usegmt=True).encode()
        return re.sub(rb"(?m)^Date: [^\r]*", b"Date: " + date, chunk)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._run(self._serve, connection)

    def _run(self, work: object, *given: object) -> None:
        thread = threading.Thread(target=work, args=given)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        try:
            near = self._context.wrap_socket(connection, server_side=True)
            far = socket.create_connection(("127.0.0.1", self._target), timeout=HANG)
        except OSError:
            connection.close()
            return
        back = threading.Thread(target=_pass_on, args=(far, near, self._dated))
        back.start()
        _pass_on(near, far, lambda chunk: chunk)
        back.join(30)
        near.close()
        far.close()


def _pass_on(source: socket.socket, target: socket.socket, changed: Callable[[bytes], bytes]) -> None:
    with suppress(OSError, ValueError):
        while chunk := source.recv(65536):
            target.sendall(changed(chunk))
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
