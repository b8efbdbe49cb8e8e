"""When a request is repeated: a 503 that says it passes comes before any work (cloud-api-latest L24 rule 30).

Anything else that failed is the caller's to repeat.
"""

from typing import Any

from eliza_cloud.cloud.http.error_body import says_passing

#: Seconds before the first and the second repetition.
PAUSES = (1.0, 2.0)
#: A cloud that asks for more seconds than this is left to the caller.
_LONGEST = 3.0


def pause_before_repeat(
    document: dict[str, Any] | None, retry_after: float | None, repeats: int
) -> float | None:
    """Return the seconds until a request is repeated after a 503 and `repeats` repetitions, if it is."""
    if document is None or repeats >= len(PAUSES) or not says_passing(document):
        return None
    pause = max(PAUSES[repeats], retry_after or 0.0)
    return pause if pause <= _LONGEST else None
