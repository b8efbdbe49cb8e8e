"""What is wrong with a value that does not fit its type: where, what was expected, what was found.

msgspec stops at the first member that does not fit and names its path, without the names in a map, and it
repeats words that were sent. So only the path is taken from it; the rest is read from type and value. A type
may say more in `Meta(extra=...)`: `expected` (what it must be, in words), `shown` (a short text is repeated),
`sentence` (instead of all that, where a contract has it), `too_long` (the same for its length) and `code`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from eliza_cloud.store.config.json5 import MAX_SHOWN, describe

INVALID = "invalid_request"

_PATH = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_MISSING = re.compile(r"^Object missing required field `([^`]+)`")
_UNKNOWN = "Object contains unknown field"
_PLAIN_NAME = re.compile(rf"\w{{1,{MAX_SHOWN}}}")
_ABSENT = object()

Step = str | int


class DecodeProblem(msgspec.Struct, frozen=True):
    """Why a value was refused: where ("" for all of it), a sentence that repeats no secret, and a code."""

    path: str
    sentence: str
    code: str


def decode_problem(document: Any, model: Any, message: str, *, code: str = INVALID) -> DecodeProblem:
    """Explain why `document` does not fit `model`, for which msgspec has this `message`.

    `code` is that of a type which says none.
    """
    steps = list(_steps(document, model, message))
    kind, value, required = inspect.type_info(model), document, True
    for step in steps:
        kind, required = _member_type(kind, step)
        value = _member(value, step)
    if message.startswith(_UNKNOWN):
        name = _shown([*steps, _unknown_name(kind, value)])
        return DecodeProblem(name, f"{name} is not a member that is known here.", code)
    return _problem(_shown(steps), kind, value, required=required, code=code)


def value_problem(name: str, model: Any, value: Any, *, required: bool) -> DecodeProblem:
    """Explain why a single value, None for one that is missing, does not fit `model`."""
    return _problem(name, inspect.type_info(model), value, required=required, code=INVALID)


def _problem(path: str, kind: inspect.Type, value: Any, *, required: bool, code: str) -> DecodeProblem:
    kind, extra = _unwrapped(kind)
    is_missing = value is _ABSENT or value is None or (isinstance(value, str) and not value.strip())
    if "too_long" in extra and _is_too_long(kind, value):
        sentence = str(extra["too_long"])
    elif "sentence" in extra:
        sentence = str(extra["sentence"])
    elif required and is_missing:
        return DecodeProblem(path, f"{path} is required", code)
    else:
        found = describe(value) if "shown" in extra and isinstance(value, str) else _found(kind, value)
        sentence = f"{path} must be {extra.get('expected') or _expected(kind)}, but it is {found}."
    return DecodeProblem(path, sentence, extra.get("code", code))


def _is_too_long(kind: inspect.Type, value: Any) -> bool:
    most = kind.max_length if isinstance(kind, inspect.StrType) else None
    return isinstance(value, str) and most is not None and len(value) > most


def shown_name(name: str) -> str:
    """Return a name that was sent as a sentence may hold it; a long one may be a misplaced secret."""
    return _shown([name])


# Where


def _steps(document: Any, model: Any, message: str) -> Iterator[Step]:
    """Yield the members that lead to what is wrong; a name in a map, which msgspec leaves out, is found."""
    path = _PATH.search(message)
    done: list[Step] = []
    for member, index in _STEP.findall(path[1]) if path else ():
        step: Step = member or (_wrong_name(document, done, model) if index == "..." else int(index))
        done.append(step)
    if missing := _MISSING.match(message):
        done.append(missing[1])
    yield from done


def _wrong_name(document: Any, steps: list[Step], model: Any) -> str:
    """Return the first name in the map at `steps` whose value does not fit."""
    values = document
    for step in steps:
        values = _member(values, step)
    names: list[str] = list(values)

    def fails(count: int) -> bool:
        try:
            msgspec.convert(_with(document, steps, {name: values[name] for name in names[:count]}), model)
        except msgspec.ValidationError as error:
            return "[...]" in str(error)
        return False

    return names[bisect_left(range(1, len(names)), True, key=fails)]


def _unknown_name(kind: inspect.Type, value: dict[str, Any]) -> str:
    """Return the first member of an object that its type does not know."""
    kind, _ = _unwrapped(kind)
    known = {field.encode_name for field in kind.fields} if isinstance(kind, inspect.StructType) else set()
    return next(name for name in value if name not in known)


def _with(node: Any, steps: list[Step], value: Any) -> Any:
    """Return a copy of `node` with another value at `steps`."""
    if not steps:
        return value
    step, *rest = steps
    copy = node.copy()
    copy[step] = _with(node[step], rest, value)
    return copy


def _member(value: Any, step: Step) -> Any:
    if isinstance(value, dict):
        return value.get(step, _ABSENT)
    return value[step]


def _member_type(kind: inspect.Type, step: Step) -> tuple[inspect.Type, bool]:
    """Return the type of a member, and whether it has to be there and not blank."""
    kind, _ = _unwrapped(kind)
    options = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for option in options:
        found, _ = _unwrapped(option)
        if isinstance(found, inspect.StructType | inspect.TypedDictType):
            for field in found.fields:
                if field.encode_name == step:
                    return field.type, field.required
        elif isinstance(found, inspect.DictType):
            return found.value_type, False
        elif isinstance(found, inspect.ListType | inspect.VarTupleType) and isinstance(step, int):
            return found.item_type, False
    raise LookupError(step)


def _shown(steps: list[Step]) -> str:
    """Return a path as a sentence may hold it; a long name may be a misplaced secret."""
    shown = ""
    for step in steps:
        if isinstance(step, str) and _PLAIN_NAME.fullmatch(step):
            shown += f".{step}"
        else:
            shown += f"[{describe(step)}]"
    return shown.removeprefix(".")


# What


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """Return the type itself, without null, and what is said about it."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            extra = {**(kind.extra or {}), **extra}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            options = tuple(one for one in kind.types if not isinstance(one, inspect.NoneType))
            if len(options) != 1:
                return inspect.UnionType(options), extra
            kind = options[0]
        else:
            return kind, extra


def _expected(kind: inspect.Type) -> str:
    match _unwrapped(kind)[0]:
        case inspect.UnionType(types=types):
            return " or ".join(dict.fromkeys(_expected(one) for one in types))
        case inspect.StrType() as text:
            return _expected_text(text)
        case inspect.IntType(ge=least, le=most):
            return f"a whole number{_range(least, most)}"
        case inspect.FloatType(ge=least, le=most):
            return f"a number{_range(least, most)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return _one_of(values)
        case inspect.EnumType(cls=words):
            return _one_of(tuple(word.value for word in words))
        case inspect.ListType(min_length=least) | inspect.VarTupleType(min_length=least):
            return "a list that is not empty" if least else "a list"
    return "a JSON object"


def _expected_text(text: inspect.StrType) -> str:
    most = f" of at most {text.max_length} characters" if text.max_length else ""
    return f"a string{most}{' that is not blank' if text.min_length and not most else ''}"


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {_figure(least)} to {_figure(most)}"
    return f" of at least {_figure(least)}" if least is not None else ""


def _figure(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _one_of(words: tuple[Any, ...]) -> str:
    quoted = [f"'{word}'" for word in words]
    return " or ".join(quoted) if len(quoted) < 3 else f"one of {', '.join(map(str, words))}"


def _found(kind: inspect.Type, value: Any) -> str:
    """Describe what was found. Of a text no more than its length, unless one of a few words is expected."""
    match value:
        case None:
            return "null"
        case str():
            if not value.strip():
                return "blank"
            if isinstance(kind, inspect.LiteralType | inspect.EnumType):
                return describe(value)
            return f"a string of {len(value)} characters" if _takes_text(kind) else "a string"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value) if isinstance(kind, inspect.IntType | inspect.FloatType) else "a number"
        case []:
            return "an empty list"
        case list():
            return "a list"
    return "a JSON object"


def _takes_text(kind: inspect.Type) -> bool:
    options = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(_unwrapped(one)[0], inspect.StrType) for one in options)
