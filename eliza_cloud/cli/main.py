"""The entry point: the group of commands, and how each of them ends."""

import sys
from collections.abc import Sequence
from importlib.metadata import version

import click

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode, exit_code_help
from eliza_cloud.cli.lazy_group import LazyGroup
from eliza_cloud.cli.standard_streams import divert, occupy

HERE = "eliza_cloud.cli.commands"
EPILOG = f"""\
All commands with the option --url talk to a running service: at http://127.0.0.1:31337, or where
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


eliza_cloud = LazyGroup(
    "eliza-cloud",
    "Link this machine to Eliza Cloud: sign in, run agents there, talk to them, keep them backed up.",
    {
        "serve": (f"{HERE}.serve:serve", "Run the service."),
        "login": (f"{HERE}.login:login", "Sign in to Eliza Cloud through the browser."),
        "status": (f"{HERE}.status:status", "Show the account and the state of the link."),
        "health": (f"{HERE}.health:health", "Show whether the service is alive, and current problems."),
        "explain": (f"{HERE}.explain:explain", "Explain the link's state and what happens next."),
        "events": (f"{HERE}.events:events", "Show past events, and follow new ones."),
        "wait": (f"{HERE}.wait:wait", "Wait for a link state."),
        "credits": (f"{HERE}.credits:show_credits", "Show the balance and how long it lasts."),
        "agents": (f"{HERE}.agents:agents", "List, create, connect to, suspend and delete agents."),
        "chat": (f"{HERE}.chat:chat", "Talk to the connected agent."),
        "backups": (f"{HERE}.backups:backups", "List, take and restore backups."),
        "routing": (f"{HERE}.routing:routing", "Show or change capability routes."),
        "disconnect": (f"{HERE}.disconnect:disconnect", "Close the link and sign out."),
        "logout": (f"{HERE}.disconnect:logout", "Do the same as `disconnect`."),
        "log-level": (f"{HERE}.log_level:log_level", "Show or change how much the service logs."),
        "logs": (f"{HERE}.logs:logs", "Show the log of the service that systemd runs."),
        "replay": (f"{HERE}.replay:replay", "Replay a journal and verify every transition."),
        "config": (f"{HERE}.config:config", "Check or show the settings, or print their schema."),
        "doctor": (f"{HERE}.doctor:doctor", "Diagnose connectivity and configuration."),
        "bundle": (f"{HERE}.bundle:bundle", "Create a redacted support bundle."),
        "service": (
            f"{HERE}.service:service",
            "Print the systemd unit, alert rules, dashboards and examples.",
        ),
        "emulator": (f"{HERE}.emulator:emulator", "Run an emulated Eliza Cloud on this machine."),
        "demo": ("eliza_cloud.cli.demo.command:demo", "Run an end-to-end demo against the emulator."),
        "diagram": (f"{HERE}.diagram:diagram", "Draw the state diagrams."),
        "reference": (f"{HERE}.reference.command:reference", "Print a page of the reference."),
        "completion": (f"{HERE}.completion:completion", "Print a shell's completion script."),
        "help": (f"{HERE}.help:show_help", "Show the help of a command."),
        "version": (f"{HERE}.help:show_version", "Show the version."),
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
    """Run one command and return its exit code; no error shows a traceback."""
    occupy()
    try:
        ended = eliza_cloud.main(arguments, prog_name="eliza-cloud", standalone_mode=False)
        sys.stdout.flush()
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
        divert(sys.stdout.fileno())
        return ExitCode.FAILED
    except OSError as error:
        divert(sys.stdout.fileno())
        CliError(f"The output could not be written: {error.strerror or error}.").show()
        return ExitCode.FAILED
    return ended if isinstance(ended, int) else ExitCode.DONE
