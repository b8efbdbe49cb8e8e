"""`eliza-cloud log-level`: show or change how much the running service logs."""

import click

from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.param_types import Choice
from eliza_cloud.ops.logging.level import LEVELS

_PATH = "/api/cloud/log-level"


@click.command("log-level")
@click.argument("level", type=Choice(LEVELS, case_sensitive=False), required=False)
@service_command
def log_level(call: Invocation, *, level: str | None) -> None:
    """Show how much the service logs, or change it while it runs.

    A change takes effect at once and lasts until the service ends; the next start uses ELIZA_LOG_LEVEL again.
    """
    if level is None:
        body = call.service.get(_PATH)
        call.answer(body, str(body["level"]))
    else:
        body = call.service.request("PUT", _PATH, {"level": level})
        call.answer(body, f"✓ The service logs at level {body['level']} now.")
