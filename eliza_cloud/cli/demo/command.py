"""`eliza-cloud demo`: run the scenario, report each step, and stop what was started."""

import signal
import sys
import time
from types import FrameType

import click

from eliza_cloud.cli.demo.expectation import StepError
from eliza_cloud.cli.demo.harness import Harness, running
from eliza_cloud.cli.demo.scenario import Scenario
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.text import printable
from eliza_cloud.cli.param_types import Choice
from eliza_cloud.emulator import GENERATIONS

TRY = """
Both go on until you press Ctrl-C. In another terminal:

  export ELIZA_STATE_DIR={state_dir} ELIZA_API_PORT={port}
  eliza-cloud login
  eliza-cloud status
  eliza-cloud agents list
  eliza-cloud agents connect demo-agent
  eliza-cloud chat
  eliza-cloud disconnect

The emulated cloud is at {cloud}
"""


@click.command()
@click.option("--generation", type=Choice(GENERATIONS), default=GENERATIONS[-1], show_default=True)
@click.option("--keep", is_flag=True, help="Leave both running afterwards, to try things by hand.")
def demo(*, generation: str, keep: bool) -> None:
    """Run an end-to-end demo against the emulator.

    An emulated cloud and the service run as processes on this machine; no network, no account and no terminal
    are needed. Exits 0 only if every step succeeds.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    began = time.monotonic()
    click.echo(f"An emulated Eliza Cloud (generation {generation}) and the service, as two processes:")
    try:
        with running(generation) as harness:
            _line("Start both", began, f"{harness.cloud.url} and {harness.service.url}")
            count = _run(harness, keep=keep)
            click.echo(f"All {count + 1} steps passed in {time.monotonic() - began:.1f} s.")
            if keep:
                port = harness.service.url.rpartition(":")[2]
                click.echo(TRY.format(state_dir=harness.state_dir, port=port, cloud=harness.cloud.url))
                signal.pause()
    except StepError as error:
        raise CliError(f"The demo could not start: {error}.") from error


def _run(harness: Harness, *, keep: bool) -> int:
    count = 0
    for title, step in Scenario(harness).steps(keep=keep):
        began = time.monotonic()
        try:
            found = step()
        except (StepError, CliError) as error:
            click.echo(f"✗ {title}: {printable(str(error))}")
            click.echo(harness.tails())
            sys.exit(ExitCode.FAILED)
        _line(title, began, found)
        count += 1
    return count


def _line(title: str, began: float, found: str) -> None:
    click.echo(f"✓ {title:<22}{time.monotonic() - began:6.2f} s   {printable(found)}")


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
