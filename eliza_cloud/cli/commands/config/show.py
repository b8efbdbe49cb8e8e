"""`eliza-cloud config show`: the effective settings and their sources."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from eliza_cloud.cli.client.in_force import ask, differences, examined, print_differences
from eliza_cloud.cli.decorators import of_the_service, print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cloud.errors import BaseUrlRefused
from eliza_cloud.cloud.http.address import CloudAddress, parse_base_url, parse_pages_url
from eliza_cloud.ops.variables import HIDDEN, SET
from eliza_cloud.routing.config.settings import VARIABLES, is_showable
from eliza_cloud.routing.config.table import routes_in_force
from eliza_cloud.routing.config.types import SECTION as ROUTES
from eliza_cloud.routing.upstreams.env import SECTION as ENV
from eliza_cloud.routing.upstreams.env import variables_in
from eliza_cloud.routing.upstreams.providers import SECTION as DESCRIBED
from eliza_cloud.routing.upstreams.url import web_address
from eliza_cloud.store.config.env import BASE_URL, ENABLED, allows_loopback, value_of
from eliza_cloud.store.config.file import ConfigFile
from eliza_cloud.store.config.setting_types import Setting
from eliza_cloud.store.config.settings import (
    CLOUD_SETTINGS,
    Settings,
    effective_base_url,
    read_settings,
    value_at,
)
from eliza_cloud.store.errors import ConfigError, StoreError
from eliza_cloud.store.inspect import read_only_move
from eliza_cloud.store.paths import StatePaths, state_paths

FILE = "file"
DEFAULT = "default"


class InForce(msgspec.Struct, frozen=True):
    """One effective setting. `source` is `default`, `file` or the name of a variable."""

    name: str
    value: Any
    source: str


@click.command()
@of_the_service
@click.option("--json", "as_json", is_flag=True, help="Print one object on one line.")
def show(*, url: str | None, token_file: Path | None, as_json: bool) -> None:
    """Show the effective settings and their sources.

    They are those that a service would start with in this environment, and so are the hosts of the cloud. A
    secret is only shown as set. A service that runs is asked what it was started with, and it is shown where
    that differs from this environment.
    """
    environ = examined()
    try:
        path = state_paths(environ).config
        document = ConfigFile(path).read()
        settings_read, _ = read_settings(document)
        hosts = _hosts(settings_read, state_paths(environ), environ)
    except ConfigError as error:
        raise CliError(
            str(error), remedy="All of it: eliza-cloud config check", exit_code=ExitCode.USAGE
        ) from error
    except StoreError as error:
        raise CliError(str(error)) from error
    settings = [*_cloud(document, environ), *_routes(document), *_described(document), *_env(document)]
    variables = list(_variables(environ))
    service = ask(url, token_file, environ)
    differing = [] if service is None else differences(service, environ)
    if as_json:
        print_json(
            {
                "service": service,
                "differs": [one._asdict() for one in differing],
                "file": str(path),
                "settings": msgspec.to_builtins(settings),
                "variables": msgspec.to_builtins(variables),
                "hosts": msgspec.to_builtins(hosts),
            }
        )
        return
    _print("SETTING", settings)
    click.echo()
    _print("VARIABLE", variables)
    if hosts:
        click.echo()
        _print("HOST", hosts)
    if service is not None:
        print_differences(service, differing)


def _print(title: str, found: Sequence[InForce]) -> None:
    rows = [(one.name, _written(one.value), one.source) for one in found]
    print_table((title, "VALUE", "FROM"), rows)


def _cloud(document: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[InForce]:
    for setting in CLOUD_SETTINGS:
        value, source = _cloud_value(setting, value_at(document, setting.path), environ)
        if value is not None:
            shown = SET if setting.kind.secret else value
            yield InForce(setting.path, _masked(shown), source)


def _cloud_value(setting: Setting, in_file: Any, environ: Mapping[str, str]) -> tuple[Any, str]:
    """Return the effective value and its source: the address of a variable wins, its key does not."""
    in_file = in_file if not isinstance(in_file, str) or in_file.strip() else None
    given: Any = value_of(environ, setting.variable) if setting.variable else None
    if setting.variable == ENABLED:
        given = True if str(given).lower() == "true" else None
        in_file = in_file or (None if given else in_file)
    sources = [(in_file, FILE), (given, str(setting.variable))]
    if setting.variable == BASE_URL:
        sources.reverse()
    return next((one for one in sources if one[0] is not None), (setting.default, DEFAULT))


def _hosts(settings: Settings, paths: StatePaths, environ: Mapping[str, str]) -> list[InForce]:
    """Return where API and pages of the cloud are, as far as is known; nothing for a URL that is refused."""
    configured, loopback = effective_base_url(settings, environ), allows_loopback(environ)
    try:
        pages = settings.pages_url and parse_pages_url(settings.pages_url, allow_loopback=loopback)
        address = CloudAddress(parse_base_url(configured, allow_loopback=loopback), pages or None)
    except BaseUrlRefused:
        return []
    move = read_only_move(paths, configured)
    if move is not None:
        address.resume_at(move.api_url)
    source = "configured" if move is None else "where that leads"
    return [
        InForce("api", _masked(str(address.base_url)), source),
        InForce(
            "pages", _masked(str(address.pages_url)), source if settings.pages_url is None else "configured"
        ),
    ]


def _routes(document: Mapping[str, Any]) -> Iterator[InForce]:
    for capability, route in routes_in_force(document).items():
        for member, value in route.members().items():
            yield InForce(f"{ROUTES}.{capability}.{member}", value, FILE)


def _described(document: Mapping[str, Any]) -> Iterator[InForce]:
    section = document.get(DESCRIBED)
    for name, entry in section.items() if isinstance(section, dict) else ():
        for member in ("baseUrl", "keyVariable"):
            value = entry.get(member) if isinstance(entry, dict) else None
            if isinstance(value, str) and (member != "baseUrl" or web_address(value.strip())):
                yield InForce(f"{DESCRIBED}.{name}.{member}", _masked(value), FILE)


def _env(document: Mapping[str, Any]) -> Iterator[InForce]:
    for name, value in variables_in(document).items():
        if value.strip():
            yield InForce(f"{ENV}.{name}", SET, FILE)


def _variables(environ: Mapping[str, str]) -> Iterator[InForce]:
    """Yield the variables that are set, and those of our own that have a default."""
    for variable in VARIABLES:
        value = value_of(environ, variable.name)
        if value is not None:
            yield InForce(variable.name, SET if variable.secret else _masked(value), "environment")
        elif variable.default is not None and variable.name.startswith("ELIZA"):
            yield InForce(variable.name, variable.default, DEFAULT)


def _masked(value: Any) -> Any:
    return value if not isinstance(value, str) or is_showable(value) else HIDDEN


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
