"""What the running service was started with, and where the shell would start another one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import click

from eliza_cloud.cli.client.endpoint import service_token, service_url
from eliza_cloud.cli.client.http import Body, Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import say
from eliza_cloud.cli.unit import UNIT, unit_environment
from eliza_cloud.cloud.errors import BaseUrlRefused
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.ops.variables import variables_set
from eliza_cloud.store.config.env import allows_loopback
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.settings import effective_base_url, read_settings
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import state_paths

PATH = "/api/cloud/installation"
_ABSENT = {"service_not_running", "not_our_service", "unknown_path"}
_OF_COMMANDS = {"BROWSER", "ELIZA_API_TOKEN"}
UNSET = "-"


class Difference(NamedTuple):
    """One thing that the service has otherwise than the shell."""

    name: str
    service: str
    here: str


def ask(url: str | None, token_file: Path | None, environ: Mapping[str, str]) -> Body | None:
    """Return what the service was started with; None where none runs and no `url` was given.

    Where it cannot be asked for another reason that is said; with a `url` this is an error.
    """
    try:
        where = url or service_url(environ)
        return Service(where, service_token(environ, where, token_file)).get(PATH)
    except CliError as error:
        if url is not None:
            raise
        if error.body.get("code") not in _ABSENT:
            say(f"The running service was not asked what it was started with: {error}")
        return None


def examined() -> Mapping[str, str]:
    """Return the environment to judge by, and say whose it is: the unit's where there is one, else ours."""
    theirs = unit_environment(os.environ)
    if theirs is None:
        return os.environ
    say(f"This goes by the environment of systemd's {UNIT}; set ELIZA_STATE_DIR for another one.")
    return theirs


def differences(service: Body, environ: Mapping[str, str]) -> list[Difference]:
    """Return where the service differs from one that would be started in this environment."""
    theirs, ours = _flat(service), _here(environ)
    return [
        Difference(name, theirs.get(name, UNSET), ours.get(name, UNSET))
        for name in dict.fromkeys([*theirs, *ours])
        if theirs.get(name) != ours.get(name) and name not in _OF_COMMANDS
    ]


def print_differences(service: Body, found: list[Difference]) -> None:
    """Print a table of the differences; nothing where there are none."""
    if not found:
        return
    click.echo()
    click.echo(f"The running service (process {int(service['process'])}) differs from this shell:")
    print_table(("NAME", "SERVICE", "HERE"), found)


def _flat(service: Body) -> dict[str, str]:
    named = {
        "state directory": service["stateDirectory"],
        "eliza.json": service["configFile"],
        "base URL": service["baseUrl"] or UNSET,
    }
    return {name: str(value) for name, value in (named | service["variables"]).items()}


def _here(environ: Mapping[str, str]) -> dict[str, str]:
    try:
        paths = state_paths(environ)
    except StoreError:
        return variables_set(environ)
    found = {"state directory": str(paths.directory), "eliza.json": str(paths.config)}
    return {**found, "base URL": _base_url(paths.config, environ), **variables_set(environ)}


def _base_url(config: Path, environ: Mapping[str, str]) -> str:
    try:
        settings, _ = read_settings(ConfigFile(config).read())
        configured = effective_base_url(settings, environ)
        return str(parse_base_url(configured, allow_loopback=allows_loopback(environ)))
    except (StoreError, BaseUrlRefused):
        return UNSET
