"""A group of verbs that imports each one only when it is used, so that help and version come at once."""

from collections.abc import Mapping
from importlib import import_module

import click
from click.shell_completion import CompletionItem


class Verbs(click.Group):
    """Lists its verbs in the order given. `verbs` maps a name to `module:attribute` and one line of help."""

    def __init__(
        self, name: str, about: str, verbs: Mapping[str, tuple[str, str]], *, epilog: str = ""
    ) -> None:
        super().__init__(name, help=about, epilog=epilog)
        self._verbs = dict(verbs)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order they were given."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb; None for a name that is none."""
        if cmd_name not in self._verbs:
            return None
        module, attribute = self._verbs[cmd_name][0].split(":")
        verb = getattr(import_module(module), attribute)
        if not isinstance(verb, click.Command):
            raise TypeError(f"{module}:{attribute} is no verb")
        return verb

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the verbs that begin so without importing any, and what click knows besides."""
        verbs = [
            CompletionItem(name, help=line)
            for name, (_, line) in self._verbs.items()
            if name.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the verbs' lines without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in self._verbs.items()])
