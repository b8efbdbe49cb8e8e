"""The service's event stream as the commands read it: frame by frame, across restarts."""

import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from eliza_cloud.cli.client.http import Body, Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.core.problems import STREAM_ENDED

SILENCE = 40.0
"""Seconds without a word after which the connection is treated as broken; a comment comes every 15."""
RETRY = 0.5
"""Seconds between two tries to reach a service that is not there: nothing tells when it is."""
SHORTEST = 0.01
PASSING = {"service_not_running", "connection_lost", "service_timeout", "stopping"}
"""What a restart of the service looks like from here."""


class Frame(NamedTuple):
    """One frame: the number of the journal's entry it is about, its kind, and its data."""

    seq: int
    event: str
    data: Body


def frames(
    service: Service, *, after: int | None, silence_timeout: Callable[[], float] = lambda: SILENCE
) -> Iterator[Frame]:
    """Yield the frames of one connection, of what came after the entry `after`; `CliError` when it breaks."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    fields: dict[str, str] = {}
    for line in service.lines(
        "/api/cloud/events", headers, silence_timeout=lambda: max(SHORTEST, silence_timeout())
    ):
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield Frame(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}


def feed(
    connect: Callable[[], Service],
    *,
    after: int | None = None,
    silence_timeout: Callable[[], float] = lambda: SILENCE,
    on_break: Callable[[CliError], None],
) -> Iterator[Frame]:
    """Yield frames for ever: where a connection breaks, `on_break` hears why, and the next one goes on.

    Raises `CliError` for what a restart of the service does not explain.
    """
    while True:
        try:
            for frame in frames(connect(), after=after, silence_timeout=silence_timeout):
                after = frame.seq
                yield frame
            broken = CliError.of(STREAM_ENDED)
        except CliError as error:
            if error.body.get("code") not in PASSING:
                raise
            broken = error
        on_break(broken)
        time.sleep(RETRY)
