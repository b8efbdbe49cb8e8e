"""`eliza-cloud log-level`: show or change how much the running service logs."""

import click

from eliza_cloud.cli.decorators import Invocation, client_verb
from eliza_cloud.ops.logging.level import LEVELS

_PATH = "/api/cloud/log-level"


@click.command("log-level")
@click.argument("level", type=click.Choice(LEVELS, case_sensitive=False), required=False)
@client_verb
def log_level(call: Invocation, *, level: str | None) -> None:
    """Show how much the service logs, or change it while it runs.

    A change counts at once and until the service ends; it starts with ELIZA_LOG_LEVEL again.
    """
    if level is None:
        body = call.service.get(_PATH)
        call.answer(body, str(body["level"]))
    else:
        body = call.service.request("PUT", _PATH, {"level": level})
        call.answer(body, f"✓ The service logs at level {body['level']} now.")
