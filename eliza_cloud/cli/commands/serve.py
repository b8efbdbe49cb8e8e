"""`eliza-cloud serve`: run the service."""

import asyncio
import os
import sys

import click

from eliza_cloud.cli.standard_streams import was_closed
from eliza_cloud.daemon.process import serve as run


@click.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen.  [default: ELIZA_API_BIND, or 127.0.0.1]")
@click.option(
    "--port",
    "ports",
    type=click.IntRange(0, 65535),
    multiple=True,
    help="A port, 0 for any; may be repeated.  [default: ELIZA_API_PORT and ELIZA_PORT, or 31337 and 2138]",
)
def serve(*, host: str | None, ports: tuple[int, ...]) -> int:
    """Run the service.

    It runs until it is stopped (Ctrl-C, SIGTERM); SIGHUP makes it read its settings again. Its state is in
    ELIZA_STATE_DIR (default ~/.eliza).

    It exits with 0 when it was stopped, within 15 seconds; a second SIGTERM or Ctrl-C ends it at once (143 or
    130 in a shell). It exits with 1 when it failed, 2 for settings it cannot use, and 3 when another service
    uses the state directory.
    """
    stdout, stderr = (None if was_closed(stream) else stream.buffer for stream in (sys.stdout, sys.stderr))
    return asyncio.run(run(os.environ, stdout=stdout, stderr=stderr, host=host, ports=ports))
