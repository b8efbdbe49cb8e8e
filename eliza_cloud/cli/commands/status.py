"""`eliza-cloud status`: the account and the link, in words."""

from typing import Any

import click

from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation, print_json, service_command
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.link import ACCOUNT, WHY, account_words, next_try_words, remedy, state_words
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import age


@click.command()
@click.option("--verbose", is_flag=True, help="Show the hosts of the cloud in use, too; needs the token.")
@service_command
def status(call: Invocation, *, verbose: bool) -> ExitCode:
    """Show the account and the state of the link.

    Exits 0 only while the link is connected, 4 without an accepted key, 5 otherwise.
    """
    body = call.service.get("/api/cloud/status")
    hosts = call.service.get("/api/cloud/hosts") if verbose else None
    if call.as_json:
        print_json(body if hosts is None else {**body, "hosts": hosts})
    else:
        rows = _rows(body, call.service.url) + host_rows(hosts or {})
        print_table(("", ""), [row for row in rows if row[1]])
    return exit_code(body)


def exit_code(body: Body) -> ExitCode:
    """Tell in one number whether somebody is signed in, and the link connected."""
    if not body.get("connected"):
        return ExitCode.NOT_SIGNED_IN
    linked = (body.get("connection") or {}).get("state") == "connected"
    return ExitCode.DONE if linked else ExitCode.NOT_LINKED


def _rows(body: Body, url: str) -> list[tuple[str, str]]:
    link: dict[str, Any] = body.get("connection") or {}
    reason = link.get("reason")
    rows = [
        ("service", url),
        ("account", _account(body)),
        ("link", state_words(link)),
        ("why", WHY.get(str(reason), str(reason)) if reason else ""),
        ("since", age(link.get("since"))),
        ("next", next_try_words(link)),
    ]
    if link.get("agentId"):
        rows += [
            ("agent", str(link["agentId"])),
            ("heartbeat", age(link.get("lastHeartbeatAt"))),
            ("backup", age(link.get("lastBackupAt"))),
        ]
    return [*rows, ("to do", remedy(body))]


def host_rows(hosts: Body) -> list[tuple[str, str]]:
    """Return the rows about the hosts of the cloud; none where they are not known."""
    base_url, api = hosts.get("baseUrl"), hosts.get("apiUrl")
    moved = f" (to which {base_url} leads)" if api and api != base_url else ""
    return [("cloud", f"{api}{moved}" if api else ""), ("pages", str(hosts.get("pagesUrl") or ""))]


def _account(body: Body) -> str:
    if not body.get("connected"):
        reason = str(body.get("reason"))
        return f"○ {ACCOUNT.get(reason, reason)}"
    return f"● signed in as {account_words(body)}"
