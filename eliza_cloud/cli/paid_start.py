"""Consent to what a start costs: asked for on a terminal, or bounded by options (cloud-api-latest L2)."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from eliza_cloud.cli.client.http import Body
from eliza_cloud.cli.decorators import Invocation
from eliza_cloud.cli.errors import CliError
from eliza_cloud.cli.output.text import printable

NOTHING_STARTED = "Nothing was started."


class Consent:
    """What the caller has agreed to: one price by its value, and any within both limits, in US dollars."""

    def __init__(
        self, accepted: str | None = None, max_hourly: float | None = None, max_start: float | None = None
    ) -> None:
        if (max_hourly is None) != (max_start is None):
            raise click.UsageError("--max-hourly and --max-start are given together, or not at all.")
        self.accepted = accepted
        self._max_hourly = max_hourly
        self._max_start = max_start

    @property
    def has_limits(self) -> bool:
        """Whether limits were given."""
        return self._max_hourly is not None

    def covers(self, price: Body) -> bool:
        """Tell whether a price is within both limits; without them none is."""
        if self._max_hourly is None or self._max_start is None or price.get("currency", "USD") != "USD":
            return False
        hourly, start = price["hourlyRateUsd"], price["minimumActivationChargeUsd"]
        return bool(hourly <= self._max_hourly and start <= self._max_start)


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that bound what it may cost, as a `Consent`."""

    @click.option(
        "--max-hourly",
        type=click.FloatRange(min=0),
        metavar="USD",
        help="Accept a price of up to this an hour, with --max-start.",
    )
    @click.option(
        "--max-start",
        type=click.FloatRange(min=0),
        metavar="USD",
        help="Accept a price of up to this for each start, with --max-hourly.",
    )
    @functools.wraps(command)
    def run(
        *args: Any,
        max_hourly: float | None,
        max_start: float | None,
        accept_price: str | None = None,
        **more: Any,
    ) -> Any:
        return command(*args, consent=Consent(accept_price, max_hourly, max_start), **more)

    return run


def price_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that accept the price of a start, as a `Consent`."""
    return click.option(
        "--accept-price", metavar="VALUE", help="Accept exactly this price: its `acceptanceValue`."
    )(limit_options(command))


def post_at_price(
    call: Invocation,
    path: str,
    body: Body | None = None,
    *,
    consent: Consent,
    words: str,
    without: str = NOTHING_STARTED,
) -> Body:
    """Post what starts an agent; where that costs, ask, or go by the options. Raises `CliError`.

    `without` says how things stand without consent.
    """
    request = dict(body or {})
    if consent.accepted is not None:
        request["acceptPrice"] = consent.accepted
    while True:
        try:
            return call.post_and_wait(path, request or None, words=words)
        except CliError as error:
            price = error.body.get("pricing")
            if error.body.get("code") != "price_confirmation_required" or not price:
                raise
            if price["acceptanceValue"] == request.get("acceptPrice"):
                raise  # it was accepted, and asked for again
            if not consent.covers(price):
                _ask(price, consent, error, without)
            request["acceptPrice"] = price["acceptanceValue"]


def price_words(price: Body) -> str:
    """Say what a start costs."""
    hourly, start = _dollars(price["hourlyRateUsd"]), _dollars(price["minimumActivationChargeUsd"])
    return f"{hourly} for each hour, with a minimum of {start} whenever it is started"


def ask_on_a_terminal(question: str, otherwise: CliError, without: str = NOTHING_STARTED) -> None:
    """Ask for consent; raises `otherwise` where nobody can be asked, and another error for a no."""
    if not sys.stdin.isatty():
        raise otherwise
    if not click.confirm(printable(question), err=True):
        raise CliError(without, code="aborted")


def _ask(price: Body, consent: Consent, refused: CliError, without: str) -> None:
    limits = f"--max-hourly {price['hourlyRateUsd']:g} --max-start {price['minimumActivationChargeUsd']:g}"
    otherwise = CliError(
        f"The agent costs {price_words(price)}. {without}",
        remedy=f"Accept it with --accept-price {price['acceptanceValue']}, or with {limits}.",
        body=refused.body,
    )
    if consent.accepted is not None or consent.has_limits:
        raise otherwise
    ask_on_a_terminal(f"The agent costs {price_words(price)}. Start it?", otherwise, without)


def _dollars(amount: float) -> str:
    """Write an amount with as many decimals as it has, two at least."""
    return f"${amount:.2f}" if round(amount, 2) == amount else f"${amount:g}"
