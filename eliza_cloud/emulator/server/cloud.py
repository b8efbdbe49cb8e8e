"""What all parts of the emulator share: generation, clock, database, pace."""

from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from eliza_cloud.emulator.server.clock import Clock
from eliza_cloud.emulator.server.database import Database


class Generation(StrEnum):
    """The server generations (cloud-api §1, cloud-api-latest L0), oldest first: C, N and L."""

    C = "2026-04"
    N = "next"
    L = "latest"


GENERATIONS: tuple[str, ...] = tuple(generation.value for generation in Generation)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds, and the poll hint that answers carry, in milliseconds."""

    poll_interval_ms: int
    job_seconds: float
    job_retry_seconds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cloud:
    """One emulated Eliza Cloud."""

    generation: Generation
    clock: Clock
    database: Database
    pace: Pace
    # Models that have a price besides the cloud's own.
    models: frozenset[str] = frozenset()
    # Whether logins are signed in by themselves.
    approves: bool = False

    @property
    def is_c(self) -> bool:
        """Whether this cloud answers as the first generation, C."""
        return self.generation is Generation.C

    @property
    def is_latest(self) -> bool:
        """Whether this cloud answers as generation L."""
        return self.generation is Generation.L


CLOUD = web.AppKey("cloud", Cloud)
