"""`eliza-cloud diagram`: the state diagrams, drawn from the tables that run."""

import json

import click
import msgspec

from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.param_types import Choice
from eliza_cloud.ops.diagrams import Diagram, DrawingError, dot, link_diagram, login_diagram, mermaid, svg


@click.command()
@click.option("--machine", type=Choice(["link", "login"]), default="link", show_default=True)
@click.option(
    "--format",
    "form",
    type=Choice(["mermaid", "dot", "svg", "json"]),
    default="mermaid",
    show_default=True,
    help="svg needs Graphviz.",
)
def diagram(*, machine: str, form: str) -> None:
    """Draw the state diagrams.

    They show every transition of the link or of a sign-in, and are made from the tables that run.
    """
    drawn = link_diagram() if machine == "link" else login_diagram()
    try:
        click.echo(_write(drawn, form), nl=False)
    except DrawingError as error:
        raise CliError(str(error)) from error


def _write(drawn: Diagram, form: str) -> str:
    if form == "mermaid":
        return mermaid(drawn)
    if form == "dot":
        return dot(drawn)
    if form == "svg":
        return svg(dot(drawn))
    return json.dumps(msgspec.to_builtins(drawn), indent=2) + "\n"
