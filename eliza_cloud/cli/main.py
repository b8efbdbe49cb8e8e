"""The entry point: the group of verbs, and how every one of them ends."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import click

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode, exit_code_help
from eliza_cloud.cli.lazy_group import Verbs

HERE = "eliza_cloud.cli.commands"
EPILOG = f"""\
All verbs with the option --url talk to a running service: at http://127.0.0.1:31337, or where
ELIZA_API_BIND, ELIZA_API_PORT and ELIZA_PORT say, or at --url. Its token is read from
ELIZA_API_TOKEN, or from the file api-token in ELIZA_STATE_DIR (default ~/.eliza), or from
--token-file; it is never an argument.

\b
{exit_code_help()}
"""


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"eliza-cloud {version('eliza-cloud')}")
        ctx.exit()


eliza_cloud = Verbs(
    "eliza-cloud",
    "Link this machine to Eliza Cloud: sign in, run agents there, talk to them, keep them backed up.",
    {
        "serve": (f"{HERE}.serve:serve", "Run the service."),
        "login": (f"{HERE}.login:login", "Sign in to Eliza Cloud through the browser."),
        "status": (f"{HERE}.status:status", "Show the account and the state of the link."),
        "health": (f"{HERE}.health:health", "Say whether the service is alive, and what is wrong."),
        "explain": (f"{HERE}.explain:explain", "Say why the link is in its state, and what comes next."),
        "events": (f"{HERE}.events:events", "Show what happened, and what happens."),
        "wait": (f"{HERE}.wait:wait", "Wait until the link is connected, or something else is so."),
        "credits": (f"{HERE}.credits:show_credits", "Show the balance and how long it will last."),
        "agents": (f"{HERE}.agents:agents", "List, create, connect to, suspend and delete agents."),
        "chat": (f"{HERE}.chat:chat", "Talk to the connected agent."),
        "backups": (f"{HERE}.backups:backups", "List, take and restore backups."),
        "routing": (f"{HERE}.routing:routing", "Show and choose which road each capability takes."),
        "disconnect": (f"{HERE}.disconnect:disconnect", "Close the link and sign out."),
        "logout": (f"{HERE}.disconnect:logout", "Do the same as `disconnect`."),
        "log-level": (f"{HERE}.log_level:log_level", "Show or change how much the service logs."),
        "replay": (f"{HERE}.replay:replay", "Take the steps of a recorded journal again."),
        "config": (f"{HERE}.config:config", "Check and show the settings, and print their schema."),
        "doctor": (f"{HERE}.doctor:doctor", "Find out what keeps this machine from Eliza Cloud."),
        "bundle": (f"{HERE}.bundle:bundle", "Pack what helps to find a fault, without secrets."),
        "emulator": (f"{HERE}.emulator:emulator", "Run an Eliza Cloud on this machine."),
        "demo": ("eliza_cloud.cli.demo.command:demo", "Walk through everything for real, in seconds."),
        "diagram": (f"{HERE}.diagram:diagram", "Draw the state diagrams."),
        "reference": (f"{HERE}.reference.command:reference", "Print a page of the reference."),
        "completion": (f"{HERE}.completion:completion", "Print the script for a shell's completion."),
    },
    epilog=EPILOG,
)
eliza_cloud.params.append(
    click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_version,
        help="Show the version.",
    )
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; no error shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a glyph that a terminal cannot show is no reason to fail
    try:
        ended = eliza_cloud.main(arguments, prog_name="eliza-cloud", standalone_mode=False)
    except CliError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the last flush complains
        return ExitCode.FAILED
    return ended if isinstance(ended, int) else ExitCode.DONE
