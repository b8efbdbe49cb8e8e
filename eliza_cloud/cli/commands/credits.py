"""`eliza-cloud credits`: the balance, how long it lasts, and where to top it up."""

from typing import Any

import click

from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import duration
from eliza_cloud.core.problems import NOT_SIGNED_IN


@click.command("credits")
@service_command
def show_credits(call: Invocation) -> None:
    """Show the balance and how long it lasts.

    The forecast needs an hour of a connected link to watch the balance.
    """
    body = call.service.get("/api/cloud/credits")
    if body["balance"] is None:
        raise _without_balance(body)
    if call.as_json:
        print_json(body)
    else:
        print_table(("", ""), _rows(body))


def _without_balance(body: Body) -> CliError:
    if not body["connected"]:
        return CliError(
            NOT_SIGNED_IN.title, remedy=NOT_SIGNED_IN.remedy, exit_code=ExitCode.NOT_SIGNED_IN, body=body
        )
    rejected = bool(body.get("authRejected"))
    return CliError(
        str(body["error"]),
        remedy=NOT_SIGNED_IN.remedy if rejected else "",
        exit_code=ExitCode.NOT_SIGNED_IN if rejected else ExitCode.FAILED,
        body=body,
    )


def _rows(body: Body) -> list[tuple[str, str]]:
    outlook: dict[str, Any] = body["outlook"]
    level = "critical" if body["critical"] else "low" if body["low"] else ""
    return [
        ("balance", f"${body['balance']:.2f}" + (f" ({level})" if level else "")),
        ("lasts", _lasts(outlook)),
        ("agents", _agents(outlook)),
        ("top up", str(body["topUpUrl"])),
    ]


def _lasts(outlook: dict[str, Any]) -> str:
    rate, hours = outlook["spendingPerHour"], outlook["hoursLeft"]
    if rate is None:
        return "not known yet"
    if hours is None:
        return "nothing is being spent"
    return f"about {duration(hours * 3600)} at ${rate:.4f} an hour"


def _agents(outlook: dict[str, Any]) -> str:
    if outlook["canProvision"]:
        return "can be created and started"
    return f"cannot be created or started below ${outlook['minimumDeposit']:.2f}"
