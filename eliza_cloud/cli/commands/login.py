"""`eliza-cloud login`: sign in through the browser (architecture: Login)."""

import os
import sys
import time

import click

from eliza_cloud.cli.client.browser import has_browser, open_browser
from eliza_cloud.cli.client.http import Body, Service
from eliza_cloud.cli.decorators import Invocation, service_command
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.link import account_words
from eliza_cloud.cli.output.progress import LiveLine
from eliza_cloud.cli.output.text import printable, say
from eliza_cloud.core.problems import KEY_UNAVAILABLE

TIME_FOR_LOGIN = 300.0
"""Seconds the service waits by default (local-api §4); only what is shown depends on it."""
POLL_INTERVAL = 0.5


@click.command()
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--qr", is_flag=True, help="Show the address as a QR code, too, on a terminal.")
@click.option("--yes", is_flag=True, help="Do not ask, even if somebody is signed in.")
@service_command
def login(call: Invocation, *, no_browser: bool, qr: bool, yes: bool) -> None:
    """Sign in to Eliza Cloud through the browser.

    Where somebody is signed in already, a terminal is told who, and asked; scripts are not.

    The address is printed; open it on any machine that has a browser. With --json two lines are printed: the
    session with its address, and how it ended. Ctrl-C cancels the sign-in.
    """
    if not yes and sys.stdin.isatty():
        _ask_whoever_is_signed_in(call.service)
    try:
        session = call.service.post("/api/cloud/login")
    except CliError:
        _name_proxy()
        raise
    try:
        result = _show_and_wait(call, session, no_browser=no_browser, qr=qr)
    except KeyboardInterrupt:
        call.service.post("/api/cloud/login/cancel", {"sessionId": session["sessionId"]}, timeout=3.0)
        raise
    if result.get("status") != "authenticated":
        _name_proxy()
        raise _failed(result)
    call.answer(result, f"✓ Signed in to Eliza Cloud with key {result.get('keyPrefix') or ''}…")


def _ask_whoever_is_signed_in(service: Service) -> None:
    """Say who is signed in, and ask whether to replace that; raises for a no."""
    status = service.get("/api/cloud/status")
    if not status.get("connected"):
        return
    question = f"You are signed in already, as {account_words(status)}. Sign in anew?"
    if not click.confirm(printable(question), err=True):
        raise CliError("The sign-in stays as it is.", code="aborted")


def _name_proxy() -> None:
    """Say that a proxy is set and not used, which may be why a sign-in fails."""
    from eliza_cloud.ops.variables import proxy_sentence  # noqa: PLC0415 - the settings, needed only here

    if sentence := proxy_sentence(os.environ):
        say(sentence)


def _show_and_wait(call: Invocation, session: Body, *, no_browser: bool, qr: bool) -> Body:
    url = str(session["browserUrl"])
    call.answer(session, "To sign in, open this address in a browser:", "", f"  {url}", "")
    if qr and not call.as_json:
        _show_qr_code(url)
    opener = None if no_browser or not has_browser(os.environ) else open_browser(url)
    try:
        return _wait_for_the_end(call.service, str(session["sessionId"]))
    finally:
        if opener is not None:
            opener.poll()


def _show_qr_code(url: str) -> None:
    if not sys.stdout.isatty():
        say("A QR code is shown on a terminal only.")
        return
    from eliza_cloud.cli.output.qr import qr_code  # noqa: PLC0415 - the library, needed only here

    click.echo(f"{qr_code(url)}\n")


def _wait_for_the_end(service: Service, session_id: str) -> Body:
    deadline = time.monotonic() + TIME_FOR_LOGIN
    with LiveLine() as line:
        while True:
            result = service.get(f"/api/cloud/login/status?sessionId={session_id}")
            if result.get("status") != "pending":
                return result
            left = max(0, int(deadline - time.monotonic()))
            line.show("Waiting for you to sign in (Ctrl-C cancels)", f"{left // 60}:{left % 60:02} left")
            time.sleep(POLL_INTERVAL)


def _failed(result: Body) -> CliError:
    """Make the error for a sign-in that ended without a key."""
    return CliError(
        str(result.get("error") or "The sign-in did not succeed."),
        remedy=KEY_UNAVAILABLE.remedy,
        exit_code=ExitCode.NOT_SIGNED_IN,
        body=result,
    )
