"""The reference of commands: every command's help, as click writes it."""

from collections.abc import Iterator

import click

from eliza_cloud.cli.commands.reference.markdown import page

WIDTH = 100
ROOT = "eliza-cloud"


def commands_page() -> str:
    """Return the help of every command, in the order of the groups."""
    return page(
        "Commands",
        "What `--help` prints, for every command.",
        *(f"## {' '.join(words)}\n\n```\n{text}\n```" for words, text in helps()),
    )


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each command as it is typed, with its help: the group itself, then its commands."""
    from eliza_cloud.cli.main import eliza_cloud  # noqa: PLC0415 - which imports this module

    return _helps(eliza_cloud, (ROOT,), None)


def _helps(
    command: click.Command, words: tuple[str, ...], parent: click.Context | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    with click.Context(
        command,
        parent,
        info_name=words[-1],
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    ) as ctx:
        yield words, command.get_help(ctx).rstrip()
        if isinstance(command, click.Group):
            for name in command.list_commands(ctx):
                inner = command.get_command(ctx, name)
                if inner is not None:
                    yield from _helps(inner, (*words, name), ctx)
