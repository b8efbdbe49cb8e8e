"""What the commands that talk to the running service share: their options, and how they answer."""

import functools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from eliza_cloud.cli.client.endpoint import service_token, service_url
from eliza_cloud.cli.client.http import PATIENT, Body, Service
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.progress import LinkProgress
from eliza_cloud.cli.output.text import json_line, printable
from eliza_cloud.core.problems import RESPONSE_NOT_UNDERSTOOD


class Invocation:
    """One command in progress: the service it talks to, and whether it answers in JSON."""

    def __init__(self, service: Service, *, as_json: bool) -> None:
        self.service = service
        self.as_json = as_json

    def post_and_wait(self, path: str, body: Body | None = None, *, words: str) -> Body:
        """Post what may take minutes, and show `words` and the link's state on stderr meanwhile."""
        with LinkProgress(self.service, words) as progress:
            return self.service.request("POST", path, body, timeout=PATIENT, while_waiting=progress)

    def answer(self, body: Body, *sentences: str) -> None:
        """Print the API's body as one line of JSON, or else the sentences, each on a line."""
        if self.as_json:
            print_json(body)
        else:
            for sentence in sentences:
                click.echo(printable(sentence))


def print_json(body: Body) -> None:
    """Print one body on one line of stdout."""
    click.echo(json_line(json.dumps(body, ensure_ascii=False)))


def service_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--url`, `--token-file` and `--json`, and an `Invocation` as its first argument."""

    @addressed
    @functools.wraps(command)
    def run(url: str, token_file: Path | None, as_json: bool, *args: Any, **options: Any) -> Any:
        service = Service(url, service_token(os.environ, url, token_file))
        return command(Invocation(service, as_json=as_json), *args, **options)

    return run


def addressed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the same options, and the service's URL, its token's file and `--json` as arguments."""

    @click.option("--url", metavar="URL", help="The service.  [default: http://127.0.0.1:31337, see --help]")
    @click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Where its token is.  [default: the state directory's api-token]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the service's answers, one line each.")
    @functools.wraps(command)
    def run(*args: Any, url: str | None, token_file: Path | None, as_json: bool, **options: Any) -> Any:
        try:
            url = url or service_url(os.environ)
            with _understood(url):
                return command(url, token_file, as_json, *args, **options)
        except CliError as error:
            if as_json:
                print_json(error.body)
            raise

    return run


def of_the_service(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `--url` and `--token-file` to a command that works without a service, too, as they were given."""
    named = click.option("--url", metavar="URL", help="The service.  [default: the one on this machine]")
    read = click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Where its token is.  [default: the state directory's api-token]",
    )
    return named(read(command))


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Say in a sentence that an answer lacks what the API promises, as another version's may."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise CliError.of(RESPONSE_NOT_UNDERSTOOD, url=url, found=repr(error)) from error
