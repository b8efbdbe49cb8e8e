"""Paying for inference (cloud-api §16): credits are reserved before the work and settled after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eliza_cloud.emulator.access.accounts import get_organization
from eliza_cloud.emulator.access.auth import Caller
from eliza_cloud.emulator.money.ledger import enter
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.responses import ApiError

# Each endpoint has its own 402; it is made of the amounts required and available, in millionths of a dollar.
Refusal = Callable[[int, int], ApiError]


@dataclass(slots=True)
class Reservation:
    """What the work has cost so far, in millionths of a dollar; nothing, while none is done."""

    cost: int = 0


@contextmanager
def reserved(
    cloud: Cloud, caller: Caller, estimate: int, description: str, refuse: Refusal
) -> Iterator[Reservation]:
    """Hold back `estimate` while the work is done, then give back what it did not cost; raises the 402."""
    organization_id = caller.organization_id
    available = get_organization(cloud, organization_id)["balance"]
    if available < estimate:
        raise refuse(estimate, available)
    with cloud.database.transaction():
        enter(cloud, organization_id, -estimate, description)
    reservation = Reservation()
    try:
        yield reservation
    finally:
        if reservation.cost != estimate:
            with cloud.database.transaction():
                enter(cloud, organization_id, estimate - reservation.cost, f"{description}: settled")


def tokens(text: str) -> int:
    """The number of tokens of a text: one for every four bytes begun, at least one."""
    return max(1, -(-len(text.encode("utf-8", "surrogatepass")) // 4))
