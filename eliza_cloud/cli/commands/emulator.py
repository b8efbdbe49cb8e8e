"""`eliza-cloud emulator`: an emulated Eliza Cloud, to try everything without an account."""

import asyncio
import signal
import sqlite3
from pathlib import Path
from typing import Any

import click
from aiohttp import web

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.param_types import Choice
from eliza_cloud.emulator import GENERATIONS, create_app, create_legacy_host


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4400, show_default=True, help="0 is any free one."
)
@click.option(
    "--generation",
    type=Choice(GENERATIONS),
    default=GENERATIONS[-1],
    show_default=True,
    help="Which generation of servers to emulate.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A SQLite file that survives a restart.  [default: in memory]",
)
@click.option(
    "--poll-interval-ms",
    type=click.IntRange(1),
    default=5000,
    show_default=True,
    help="How often it asks clients to look after a job.",
)
@click.option(
    "--job-seconds",
    type=click.FloatRange(0),
    default=3.0,
    show_default=True,
    help="How long it takes to start an agent.",
)
@click.option(
    "--job-retry-seconds",
    type=(click.FloatRange(0), click.FloatRange(0)),
    default=(30.0, 120.0),
    show_default=True,
    help="The pauses before the second and the third attempt.",
)
@click.option(
    "--rate-limits/--no-rate-limits", default=True, show_default=True, help="Whether to limit callers."
)
@click.option("--approve", is_flag=True, help="Sign everyone in without a browser, for scripts and CI.")
@click.option(
    "--legacy-port",
    type=click.IntRange(0, 65535),
    help="Listen here, too, as a host that the cloud has left and that redirects.  [default: none]",
)
def emulator(*, host: str, port: int, state: Path | None, legacy_port: int | None, **options: Any) -> None:
    """Run an emulated Eliza Cloud on this machine.

    It runs until it is stopped (Ctrl-C, SIGTERM). It has a sign-in page, and agents with a memory;
    `POST /emulator/faults` injects faults.
    """
    options["database"] = ":memory:" if state is None else state
    asyncio.run(_run(host, port, legacy_port, **options))


async def _run(host: str, port: int, legacy_port: int | None, **options: Any) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = web.AppRunner(create_app(**options), access_log=None, shutdown_timeout=2.0)
    legacy = None
    try:
        await _start(runner, host, port)
        url = _url(runner)
        click.echo(f"An emulated Eliza Cloud of generation {options['generation']} answers at {url}")
        click.echo("To use it, start the service with:\n")
        click.echo(f"  ELIZA_CLOUD_ALLOW_LOOPBACK=1 ELIZAOS_CLOUD_BASE_URL={url} eliza-cloud serve\n")
        if legacy_port is not None:
            legacy = web.AppRunner(create_legacy_host(url), access_log=None, shutdown_timeout=2.0)
            await _start(legacy, host, legacy_port)
            click.echo(f"A host that redirects there answers at {_url(legacy)}\n")
        await stopped.wait()
    finally:
        if legacy is not None:
            await legacy.cleanup()
        await runner.cleanup()


async def _start(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise CliError(
            f"The emulator cannot listen on {host} port {port}: {error.strerror}.",
            remedy="Choose another port with --port.",
            exit_code=ExitCode.USAGE,
        ) from None
    except (sqlite3.Error, RuntimeError) as error:
        raise CliError(f"The emulator cannot start: {error}") from None


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
