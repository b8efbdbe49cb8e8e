"""U+0000 in what an agent is given: stored once, no backup of it works (cloud-api §23)."""

from typing import Any

from eliza_cloud.cloud.errors import InvalidRequest
from eliza_cloud.core.problems import HOLDS_NUL


def refuse_nul(**values: Any) -> None:
    """Raise `InvalidRequest` that names where one of these JSON values contains U+0000."""
    pending = list(values.items())
    while pending:
        where, value = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise InvalidRequest(HOLDS_NUL.occurred(what=where))
        elif isinstance(value, dict):
            if any(isinstance(name, str) and "\0" in name for name in value):
                raise InvalidRequest(HOLDS_NUL.occurred(what=f"a name in {where}"))
            pending += [(f"{where}.{name}", member) for name, member in value.items()]
        elif isinstance(value, list):
            pending += [(f"{where}[{index}]", item) for index, item in enumerate(value)]
