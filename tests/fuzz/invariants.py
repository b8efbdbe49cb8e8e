"""What every call of the client promises: a result of the declared type, or a `CloudError` to be shown."""

import traceback
import types
import typing
from typing import Any

import msgspec

from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.redaction.secret import Secret
from tests.fuzz.odd_json import KEY

STATUSES = {400, 401, 402, 403, 404, 409, 413, 428, 429, 502, 503, 504}


def check_error(error: CloudError) -> None:
    """A sentence without the key, a status we answer with, and details that can be sent on."""
    sentence = str(error)
    assert sentence[0].isupper(), sentence
    assert sentence.endswith("."), sentence
    assert len(sentence) < 1000
    assert sentence.isprintable(), sentence
    assert error.code
    assert error.status in STATUSES
    assert isinstance(error.retryable, bool)
    assert error.retry_after is None or 0 <= error.retry_after < float("inf")
    shown = (
        "".join(traceback.format_exception(error)) + repr(error) + msgspec.json.encode(error.details).decode()
    )
    assert KEY not in shown


def check_typed(value: Any, hint: Any) -> None:
    """The value is what the annotation says, all the way down; all of it can be sent on."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return
    if origin in {types.UnionType, typing.Union}:
        kinds = [kind for kind in inside if isinstance(value, typing.get_origin(kind) or kind)]
        assert kinds, (value, hint)
        check_typed(value, kinds[0])
    elif origin is list:
        assert isinstance(value, list)
        for item in value:
            check_typed(item, inside[0])
    elif origin is dict:
        assert isinstance(value, dict)
        msgspec.json.encode({"ok": True, "agents": [value]})
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        assert type(value) is hint
        for name, kind in typing.get_type_hints(hint).items():
            check_typed(getattr(value, name), kind)
    elif hint is float:
        assert isinstance(value, (int, float))
        assert not isinstance(value, bool)
        assert abs(value) != float("inf")
    elif hint is Secret:
        assert isinstance(value, Secret)
    else:
        assert type(value) is hint, (value, hint)


def returned(call: Any) -> Any:
    """Return the annotation of what a function returns."""
    return typing.get_type_hints(call)["return"]
