"""`eliza-cloud reference`: why things are as they are, and every setting, command, code and log line."""

from pathlib import Path

import click

from eliza_cloud.cli.commands.reference import PAGES


@click.command()
@click.argument("page", required=False, type=click.Choice(list(PAGES)))
@click.option(
    "--write",
    "directory",
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Write every page into this directory.",
)
def reference(*, page: str | None, directory: Path | None) -> None:
    """Print a page of the reference, in Markdown.

    `architecture` and `decisions` say why things are as they are, `local-api` and `cloud-api` what both sides
    of the service answer. The pages about settings, commands, codes, log lines and metrics are made from the
    code that runs.
    """
    if (page is None) == (directory is None):
        raise click.UsageError("Name a page, or a directory with --write.")
    if page is not None:
        click.echo(PAGES[page](), nl=False)
    if directory is not None:
        for name, write in PAGES.items():
            (directory / f"{name}.md").write_text(write(), encoding="utf-8")
            click.echo(f"{directory / name}.md")
