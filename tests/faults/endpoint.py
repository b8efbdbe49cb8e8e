"""What is known of one call of the cloud."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tests.faults.steps import Step


@dataclass(frozen=True)
class Endpoint:
    """One call of the cloud; `kind` names the rule of `expected` that says how a fault shows there.

    `meet` makes the call happen while the fault lasts and says in a few words what is seen; `works` makes it
    happen again without the fault and asserts that it does what it should.
    """

    kind: str
    method: str
    path: str
    meet: Step
    works: Step
    prepare: Step | None = None
    signed_in: bool = True
    #: Whether the fault is there before the service starts.
    from_the_start: bool = False
    #: The names of the faults it meets; None is all.
    faults: Collection[str] | None = None
    #: Seconds, for the service's settings.
    settings: Mapping[str, float] = field(default_factory=dict)
