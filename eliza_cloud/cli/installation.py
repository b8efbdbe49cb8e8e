"""The installation that an environment describes, for the commands that examine it without its help."""

import asyncio
from collections.abc import Mapping

from eliza_cloud.cli.client.endpoint import service_url
from eliza_cloud.cli.errors import CliError
from eliza_cloud.daemon.service import require_token
from eliza_cloud.ops.doctor import run as examination
from eliza_cloud.ops.doctor.installation import Installation, WantedPort
from eliza_cloud.ops.doctor.result import Finding
from eliza_cloud.ops.logging.level import LogLevelError, log_level
from eliza_cloud.store.config.listen_address import Binding, BindingError, allowed_origins, read_binding
from eliza_cloud.store.credentials import check_given_key
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.paths import missing_config, state_paths
from eliza_cloud.store.token import given_token


def diagnosis(environ: Mapping[str, str], url: str | None = None) -> examination.DoctorReport:
    """Make every check of the doctor's; takes a minute at the most and changes nothing.

    `url` is where the service answers, if not where the environment says.
    """
    return asyncio.run(examination.examine(installation(environ, url)))


def why_not_running(environ: Mapping[str, str]) -> Finding | None:
    """Return the first of settings, state directory and ports that keeps a service from running."""
    return asyncio.run(examination.why_not_running(installation(environ)))


def installation(environ: Mapping[str, str], url: str | None = None) -> Installation:
    """Read the variables as `serve` does; what it would refuse is reported in a sentence."""
    binding: Binding | None = None
    misread: str | None = None
    try:
        log_level(environ)
        binding = read_binding(environ)
        allowed_origins(environ)
        given_token(environ)
        require_token(environ, binding)
        check_given_key(environ)
        missing_config(environ, state_paths(environ))
    except (BindingError, StoreError, LogLevelError) as error:
        misread = str(error)
    ports = [WantedPort(binding.host, port.number, port.setting) for port in binding.ports] if binding else []
    return Installation(
        environ=environ,
        ports=tuple(ports),
        url=url or _url(environ),
        misread=misread,
    )


def _url(environ: Mapping[str, str]) -> str | None:
    try:
        return service_url(environ)
    except CliError:
        return None
