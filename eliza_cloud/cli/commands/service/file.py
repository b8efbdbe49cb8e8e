"""`eliza-cloud service file`: the files for operating the service, as they are installed with it."""

from functools import cache
from importlib.resources import files

import click

from eliza_cloud.cli.param_types import Choice

_DIRECTORY = files("eliza_cloud").joinpath("deploy")
UNIT = ".service"


@cache
def file_names() -> tuple[str, ...]:
    """Return the names of the files that are printed as they are; units are `eliza-cloud service unit`'s."""
    return tuple(sorted(one.name for one in _DIRECTORY.iterdir() if not one.name.endswith(UNIT)))


def file_text(name: str) -> str:
    """Return the text of a file of `eliza_cloud/deploy`."""
    return _DIRECTORY.joinpath(name).read_text(encoding="utf-8")


@click.command()
@click.argument("name", metavar="NAME", type=Choice(file_names()))
def file(*, name: str) -> None:
    """Print a file for operating the service.

    `eliza-cloud.env.example` is for the environment of a unit or container, `eliza.example.json` and
    `eliza.schema.json` for the settings, `prometheus.example.yml` and `prometheus-alerts.yml` for Prometheus,
    `grafana-dashboard.json` for Grafana.
    """
    click.echo(file_text(name), nl=False)
