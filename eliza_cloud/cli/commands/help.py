"""`eliza-cloud help` and `version`: the same as the options `--help` and `--version`."""

from importlib.metadata import version

import click


@click.command("help")
@click.argument("command", nargs=-1)
@click.pass_context
def show_help(ctx: click.Context, *, command: tuple[str, ...]) -> None:
    """Show the help of a command, as its option --help does."""
    shown = ctx.find_root()
    for word in command:
        if not isinstance(shown.command, click.Group):
            raise click.UsageError(f"{shown.command_path} has no commands of its own.", shown)
        name, found, _ = shown.command.resolve_command(shown, [word])
        if found is not None:
            shown = click.Context(found, shown, info_name=name)
    click.echo(shown.command.get_help(shown))


@click.command("version")
def show_version() -> None:
    """Show the version, as the option --version does."""
    click.echo(f"eliza-cloud {version('eliza-cloud')}")
