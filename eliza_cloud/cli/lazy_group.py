"""A group that imports each command only when it is used, so that help and version are printed at once."""

from collections.abc import Mapping
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from eliza_cloud.cli.near import did_you_mean


class LazyGroup(click.Group):
    """Lists its commands in the given order.

    `commands` maps a name to `module:attribute` and one line of help.
    """

    def __init__(
        self, name: str, about: str, commands: Mapping[str, tuple[str, str]], *, epilog: str = ""
    ) -> None:
        super().__init__(
            name, help=about, epilog=epilog, context_settings={"help_option_names": ["-h", "--help"]}
        )
        self._commands = dict(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order they were given."""
        return list(self._commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; None for an unknown name."""
        if cmd_name not in self._commands:
            return None
        module, attribute = self._commands[cmd_name][0].split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named; for an unknown one the error names its neighbours."""
        name = args[0]
        if name not in self._commands and not name.startswith("-") and not ctx.resilient_parsing:
            hint = did_you_mean(name, self._commands)
            raise click.UsageError(f"No such command {name!r}. {hint}".rstrip(), ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin like this without importing any, and click's own completions."""
        commands = [
            CompletionItem(name, help=line)
            for name, (_, line) in self._commands.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write a line for each command without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._commands.items()])
