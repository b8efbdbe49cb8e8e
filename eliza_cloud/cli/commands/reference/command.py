"""`eliza-cloud reference`: why things are as they are, and every setting, command, code and log line."""

from pathlib import Path

import click

from eliza_cloud.api.openapi.reference_pages import page_names, page_title
from eliza_cloud.cli.commands.reference import PAGES
from eliza_cloud.cli.param_types import Choice

#: `\b` keeps click from wrapping the lines.
_LIST = "\b\nPages:\n" + "\n".join(f"  {name:<18}{page_title(name)}" for name in page_names())


@click.command(epilog=_LIST)
@click.argument("page", metavar="[PAGE]", required=False, type=Choice(page_names()))
@click.option(
    "--write",
    "directory",
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Write every page into this directory.",
)
def reference(*, page: str | None, directory: Path | None) -> None:
    """Print a page of the reference, in Markdown.

    The pages about settings, commands, errors, log events and metrics are made from the code that runs.
    """
    if (page is None) == (directory is None):
        raise click.UsageError("Name a page, or a directory with --write.")
    if page is not None:
        click.echo(PAGES[page](), nl=False)
    if directory is not None:
        for name, write in PAGES.items():
            (directory / f"{name}.md").write_text(write(), encoding="utf-8")
            click.echo(f"{directory / name}.md")
