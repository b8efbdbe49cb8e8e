"""Parameters of a path, a query or a header: each is parsed by the type that documents it."""

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType, inspect

from eliza_cloud.api.http.decode_errors import value_problem
from eliza_cloud.api.http.responses import RequestError, bad_request
from eliza_cloud.core.problems import Problem

Place = Literal["query", "header", "path"]

_MAX_DIGITS = 18  # what the database holds as a whole number

T = TypeVar("T")


class Parameter(Generic[T]):
    """A parameter of an operation; one without a `default` is required.

    `model` is its type, by default a text. `parse` makes of the text what `model` is to hold, and raises
    ValueError; without it a whole number is written in decimal digits. `problem` is the answer to a wrong
    one, in place of a sentence about what was expected and found.
    """

    def __init__(
        self,
        name: str,
        about: str,
        model: Any = str,
        *,
        example: Any,
        place: Place = "query",
        default: T | UnsetType = UNSET,
        parse: Callable[[str], Any] | None = None,
        problem: Problem | None = None,
    ) -> None:
        self.name = name
        self.about = about
        self.model = model
        self.example = example
        self.place = place
        self.default = default
        self.problem = problem
        self._parse = parse or _parser_for(model)

    @property
    def required(self) -> bool:
        """Whether a request without it is refused."""
        return self.default is UNSET

    def read(self, request: web.Request) -> T:
        """Return the value in the request, or the default; raises `RequestError`."""
        text = self._text(request)
        if text is None and not isinstance(self.default, UnsetType):
            return self.default
        try:
            read: T = msgspec.convert(None if text is None else self._parse(text), self.model)
        except (ValueError, msgspec.ValidationError):
            raise self._refusal(text) from None
        return read

    def _text(self, request: web.Request) -> str | None:
        if self.place == "path":
            return request.match_info[self.name]
        if self.place == "query":
            return request.query.get(self.name)
        given = request.headers.getall(self.name, [])
        return ",".join(given) if given else None

    def _refusal(self, text: str | None) -> RequestError:
        if self.problem is not None:
            return RequestError(self.problem)
        is_missing = self.required and not (text or "").strip()
        name = f"{self.name} {self.place} parameter" if is_missing else self.name
        problem = value_problem(name, self.model, _value(text), required=self.required)
        return bad_request(problem.sentence, problem.code)


def _parser_for(model: Any) -> Callable[[str], Any]:
    kind = inspect.type_info(model)
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    return _whole_number if isinstance(kind, inspect.IntType) else str


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise ValueError(text)
    return int(text)


def _value(text: str | None) -> Any:
    """Return the number that a text is, for a sentence about it."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else text
