"""What a command is told at once. `Waits`: the answer comes with a later effect, or from the backup loop."""

import msgspec

from eliza_cloud.core.failure import Failure


class Done(msgspec.Struct, frozen=True):
    """Nothing more will come. `linked` tells whether the agent named was the one linked or wished for."""

    linked: bool = False


class Waits(msgspec.Struct, frozen=True):
    """The caller has joined what is under way."""


class Refused(msgspec.Struct, frozen=True):
    """The command changes nothing."""

    failure: Failure


Reply = Done | Waits | Refused
