"""Reading single members of the cloud's JSON: nullable, numbers as strings (cloud-api §21 row 11)."""

import math
import re
from typing import Any

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def text(value: Any) -> str | None:
    """Return a non-blank string, or a whole number as one; None for anything else."""
    if isinstance(value, str):
        return value if value.strip() else None
    is_id = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return str(value) if is_id else None


def number(value: Any) -> float | None:
    """Return a finite number given as a number or as a decimal string; None for anything else."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """Return a number without its fraction; None for anything that is not a number."""
    found = number(value)
    return None if found is None else int(found)


def seconds(milliseconds: Any) -> float | None:
    """Return a positive duration given in milliseconds as seconds; None for anything else."""
    found = number(milliseconds)
    return found / 1000 if found is not None and found > 0 else None


def members(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}
