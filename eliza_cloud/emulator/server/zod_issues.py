"""Body validation with the issue lists the cloud puts into `details` (cloud-api §5): code, path, message."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Path = tuple[str | int, ...]
Issue = dict[str, object]
Check = Callable[[object, Path], list[Issue]]

_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff",
    re.IGNORECASE,
)
_UUID_SHAPE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _Missing:
    """The value of a key that is not there."""


MISSING: Final = _Missing()


def is_uuid_shaped(text: str) -> bool:
    """Whether the text is spelled like a UUID of any version, which is all the database asks."""
    return _UUID_SHAPE.fullmatch(text) is not None


def _received(value: object) -> str:
    match value:
        case _Missing():
            return "undefined"
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def _wrong_type(expected: str, value: object, path: Path) -> list[Issue]:
    message = f"Invalid input: expected {expected}, received {_received(value)}"
    return [{"expected": expected, "code": "invalid_type", "path": list(path), "message": message}]


def _bound(kind: str, limit: int, sign: str) -> str:
    return (
        f"expected {kind} to have {sign}={limit} characters"
        if kind == "string"
        else f"expected number to be {sign}={limit}"
    )


def _too_small(kind: str, limit: int, path: Path) -> list[Issue]:
    issue: Issue = {"origin": kind, "code": "too_small", "minimum": limit, "inclusive": True}
    return [{**issue, "path": list(path), "message": f"Too small: {_bound(kind, limit, '>')}"}]


def _too_big(kind: str, limit: int, path: Path) -> list[Issue]:
    issue: Issue = {"origin": kind, "code": "too_big", "maximum": limit, "inclusive": True}
    return [{**issue, "path": list(path), "message": f"Too big: {_bound(kind, limit, '<')}"}]


def string(minimum: int = 0, maximum: int | None = None, pattern: str | None = None) -> Check:
    """A string whose length, counted in UTF-16 units as the server does, is within bounds."""

    def check(value: object, path: Path) -> list[Issue]:
        if not isinstance(value, str):
            return _wrong_type("string", value, path)
        length = len(value.encode("utf-16-le", "surrogatepass")) // 2
        if length < minimum:
            return _too_small("string", minimum, path)
        if maximum is not None and length > maximum:
            return _too_big("string", maximum, path)
        if pattern is not None and not re.fullmatch(pattern, value):
            return [_bad_format("regex", pattern, path, f"Invalid string: must match pattern /^{pattern}$/")]
        return []

    return check


def _bad_format(kind: str, pattern: str, path: Path, message: str) -> Issue:
    head: Issue = {
        "origin": "string",
        "code": "invalid_format",
        "format": kind,
        "pattern": f"/^({pattern})$/",
    }
    return {**head, "path": list(path), "message": message}


def uuid(value: object, path: Path) -> list[Issue]:
    """A string that is a UUID."""
    if not isinstance(value, str):
        return _wrong_type("string", value, path)
    return [] if _UUID.fullmatch(value) else [_bad_format("uuid", _UUID.pattern, path, "Invalid UUID")]


def url(value: object, path: Path) -> list[Issue]:
    """A string that is an absolute URL."""
    if not isinstance(value, str):
        return _wrong_type("string", value, path)
    if re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", value, re.IGNORECASE):
        return []
    return [{"code": "invalid_format", "format": "url", "path": list(path), "message": "Invalid URL"}]


def boolean(value: object, path: Path) -> list[Issue]:
    """True or false."""
    return [] if isinstance(value, bool) else _wrong_type("boolean", value, path)


def number(minimum: int | None = None, maximum: int | None = None) -> Check:
    """A number within bounds."""

    def check(value: object, path: Path) -> list[Issue]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _wrong_type("number", value, path)
        if minimum is not None and value < minimum:
            return _too_small("number", minimum, path)
        if maximum is not None and value > maximum:
            return _too_big("number", maximum, path)
        return []

    return check


def one_of(*values: str) -> Check:
    """Exactly one of these strings."""

    def check(value: object, path: Path) -> list[Issue]:
        if value in values:
            return []
        quoted = "|".join(f'"{each}"' for each in values)
        message = (
            f"Invalid input: expected {quoted}"
            if len(values) == 1
            else f"Invalid option: expected one of {quoted}"
        )
        return [{"code": "invalid_value", "values": list(values), "path": list(path), "message": message}]

    return check


def any_of(*checks: Check) -> Check:
    """A value that passes one of the checks."""

    def check(value: object, path: Path) -> list[Issue]:
        errors = [each(value, ()) for each in checks]
        if any(not each for each in errors):
            return []
        return [{"code": "invalid_union", "errors": errors, "path": list(path), "message": "Invalid input"}]

    return check


def optional(check: Check) -> Check:
    """The check, unless the key is not there; `null` is not "not there"."""
    return lambda value, path: [] if value is MISSING else check(value, path)


def record(check: Check | None = None) -> Check:
    """An object with any keys, whose values pass the check."""

    def checked(value: object, path: Path) -> list[Issue]:
        if not isinstance(value, dict):
            return _wrong_type("record", value, path)
        if check is None:
            return []
        return [issue for key, each in value.items() for issue in check(each, (*path, key))]

    return checked


def fields(checks: Mapping[str, Check]) -> Check:
    """An object whose named fields pass their checks; other keys are ignored."""

    def check(value: object, path: Path) -> list[Issue]:
        if not isinstance(value, dict):
            return _wrong_type("object", value, path)
        return [
            issue for key, each in checks.items() for issue in each(value.get(key, MISSING), (*path, key))
        ]

    return check


def valid_object(body: object, check: Check) -> tuple[dict[str, object], Sequence[Issue]]:
    """The body as an object, and what is wrong with it; with issues the object is empty."""
    issues = check(body, ())
    if issues or not isinstance(body, dict):
        return {}, issues
    return body, ()


def tree(issues: Sequence[Issue]) -> dict[str, object]:
    """The issues as a tree by field, which two endpoints put into `details` instead (cloud-api §23)."""
    root: dict[str, object] = {"_errors": []}
    for issue in issues:
        node, path = root, issue["path"]
        for step in path if isinstance(path, list) else []:
            below = node.setdefault(str(step), {"_errors": []})
            node = below if isinstance(below, dict) else {}
        errors = node["_errors"]
        if isinstance(errors, list):
            errors.append(issue["message"])
    return root
