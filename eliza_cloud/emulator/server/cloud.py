"""What all parts of the emulator share: generation, clock, database, pace."""

from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from eliza_cloud.emulator.server.clock import Clock
from eliza_cloud.emulator.server.database import Database


class Generation(StrEnum):
    """The two server generations (cloud-api §1): C and N."""

    C = "2026-04"
    N = "next"


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
    approves: bool = False

    @property
    def is_next(self) -> bool:
        """Whether this cloud answers as generation N."""
        return self.generation is Generation.N


CLOUD = web.AppKey("cloud", Cloud)
