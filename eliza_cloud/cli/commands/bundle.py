"""`eliza-cloud bundle`: a redacted support bundle."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from eliza_cloud.cli.client.endpoint import service_token
from eliza_cloud.cli.client.in_force import examined
from eliza_cloud.cli.decorators import of_the_service, print_json
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.exit_codes import ExitCode
from eliza_cloud.cli.installation import installation
from eliza_cloud.cli.output.table import print_table
from eliza_cloud.cli.output.text import printable
from eliza_cloud.core.problems import BUNDLE_UNWRITTEN
from eliza_cloud.ops.doctor.installation import Installation
from eliza_cloud.ops.doctor.run import examine
from eliza_cloud.ops.support_bundle import Manifest, collect, pack
from eliza_cloud.redaction.secret import Secret
from eliza_cloud.store.errors import StoreError
from eliza_cloud.store.inspect import known_secrets
from eliza_cloud.store.paths import state_paths


@click.command()
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; must not exist.  [default: eliza-cloud-bundle-TIME.zip, here]",
)
@of_the_service
@click.option("--json", "as_json", is_flag=True, help="Print where it is and its manifest, on one line.")
def bundle(*, output: Path | None, url: str | None, token_file: Path | None, as_json: bool) -> None:
    """Create a redacted support bundle.

    The zip file holds the doctor's report, settings, versions, the names of the files of the state directory,
    and the status, health, explanation, journal and metrics of the running service. Keys, tokens and what
    looks like them are redacted; look through it before you hand it on. Missing parts are listed in its
    manifest.
    """
    path = output or Path(f"eliza-cloud-bundle-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    archive, manifest = asyncio.run(_made(installation(examined(), url), token_file))
    _write(path, archive)
    if as_json:
        print_json({"path": str(path.absolute()), "manifest": msgspec.to_builtins(manifest)})
    else:
        _print(path, manifest)


async def _made(examined: Installation, token_file: Path | None) -> tuple[bytes, Manifest]:
    try:
        paths = state_paths(examined.environ)
    except StoreError as error:
        raise CliError(str(error), exit_code=ExitCode.USAGE) from error
    token = _token(examined, token_file)
    secrets = [*known_secrets(paths, examined.environ), *([token] if token else [])]
    return pack(await collect(examined, paths, await examine(examined), token), secrets)


def _token(examined: Installation, token_file: Path | None) -> Secret | None:
    """Return the service's token; None where there is none, and what needs it is left out."""
    try:
        token = service_token(examined.environ, examined.url or "", token_file)
    except CliError:
        if token_file is not None:
            raise
        return None
    return Secret(token) if token else None


def _write(path: Path, archive: bytes) -> None:
    """Write a new file for the user alone; what could not be written whole is removed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(archive)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> CliError:
    return CliError.of(BUNDLE_UNWRITTEN, path=path, reason=error.strerror)


def _print(path: Path, manifest: Manifest) -> None:
    click.echo(printable(f"Written to {path.absolute()}:"))
    rows = [(file.name, f"{file.size} bytes") for file in manifest.files]
    rows += [(missing.name, f"left out: {missing.why}") for missing in manifest.left_out]
    print_table(("", ""), rows)
    places = "1 place was" if manifest.redacted == 1 else f"{manifest.redacted} places were"
    click.echo(f"{places} redacted. Look through it before you hand it on.")
