"""What the attempts of jobs have in common, in all generations."""

from typing import Final

from eliza_cloud.emulator.agents import records
from eliza_cloud.emulator.agents.jobs import AttemptError
from eliza_cloud.emulator.server.cloud import Cloud
from eliza_cloud.emulator.server.database import Row

# Snapshots, stops and deletions are much quicker than starting a sandbox.
LIGHT_SHARE: Final = 1 / 3


def is_to_fail(job: Row) -> bool:
    """Tell whether a test wants this attempt to fail."""
    return bool(job["attempts"] < job["fail_attempts"])


async def begin_light(cloud: Cloud, job: Row, seconds: float) -> Row:
    """Take the time of a quick job; the agent, if there still is one and the attempt is not to fail."""
    await cloud.clock.sleep(seconds)
    if is_to_fail(job):
        raise AttemptError("The node did not answer")
    agent = records.get(cloud, job["agent_id"])
    if agent is None:
        raise AttemptError("Agent not found")
    return agent


def leave(_cloud: Cloud, _job: Row, _error: str) -> None:
    """Change nothing about the agent of a job that was given up: the failed job is all there is to see."""
