"""What a request brings, read by the types that document it: parameters, bodies, consent to a price.

Parameters of a path, a query or a header are parsed by their type; bodies are read within a limit of size and
time, and decoded by theirs. A caller agrees to the price of a start in the body or by a header
(cloud-api-latest L2).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType, inspect

from eliza_cloud.api.http.decode_errors import INVALID, decode_problem, shown_name, value_problem
from eliza_cloud.api.http.responses import RequestError, bad_request
from eliza_cloud.cloud.types.decode import MAX_ACCEPTANCE, PRICE_HEADER
from eliza_cloud.core.problems import BODY_NOT_AN_OBJECT, BODY_TOO_LARGE, BODY_TOO_SLOW, INVALID_JSON, Problem

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


def refuse_unknown(request: web.Request, known: Sequence[Parameter[Any]]) -> None:
    """Refuse a query with a parameter that is not among those; raises `RequestError` 400."""
    names = [one.name for one in known if one.place == "query"]
    for name in request.query:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names)}."
            raise bad_request(f"{shown_name(name)} is not a parameter of this path. {hint}")


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


MAX_BODY = 1_048_576
MAX_PASSED_ON = 32 * 1024 * 1024
#: Seconds a body may take to arrive.
BODY_WITHIN = 60.0

_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Read a body in the block; raises `RequestError` 408 when it takes too long."""
    try:
        async with asyncio.timeout(BODY_WITHIN):
            yield
    except TimeoutError:
        raise RequestError(BODY_TOO_SLOW.occurred()) from None


class Body(Generic[T]):
    """What a caller sends: `model` documents and decodes it, `example` is one. Unknown members are
    ignored, unless the model forbids them.

    A body that is not `required` may be left out, which is the same as `{}`. `code` is that of a member that
    does not fit, unless its type has another.
    """

    limit = MAX_BODY

    def __init__(self, example: T, *, model: Any = None, required: bool = True, code: str = INVALID) -> None:
        self.example = example
        self.model = type(example) if model is None else model
        self.required = required
        self.code = code

    async def read(self, request: web.Request) -> T:
        """Return the body; raises `RequestError`: 413 when too large, 408 when it does not come, else 400."""
        return self.decode(await read_content(request, self.limit))

    def decode(self, content: bytes) -> T:
        """Return the body that was sent; raises `RequestError` 400."""
        return self.convert(self._document(content))

    async def read_document(self, request: web.Request) -> Any:
        """Return the body as plain JSON, for `convert`; raises as `read`."""
        return self._document(await read_content(request, self.limit))

    def convert(self, document: Any) -> T:
        """Return the body that a document is; raises `RequestError` 400 for what does not fit."""
        try:
            converted: T = msgspec.convert(document, self.model)
        except msgspec.ValidationError as error:
            raise self._refusal(document, error) from None
        return converted

    def _document(self, content: bytes) -> Any:
        """Return the body as plain JSON. What is ignored in it has to be JSON, too."""
        return _json(content) if content or self.required else {}

    def _refusal(self, document: Any, error: msgspec.ValidationError) -> RequestError:
        problem = decode_problem(document, self.model, str(error), code=self.code)
        if not problem.path:
            return RequestError(BODY_NOT_AN_OBJECT.occurred())
        return bad_request(problem.sentence, problem.code)


class PassedOnBody(Body[T]):
    """A body that is passed on as it came: of what may be large only the members of `model` are decoded."""

    limit = MAX_PASSED_ON

    def __init__(self, example: T, *, model: Any = None) -> None:
        super().__init__(example, model=model)
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(self.model)

    async def read_passed_on(self, request: web.Request) -> "PassedOn[T]":
        """Return the body, and with it what was sent; raises as `read`."""
        content = await read_content(request, self.limit)
        return PassedOn(self.decode(content), content)

    def decode(self, content: bytes) -> T:
        """Return the members of the body that are read here; raises `RequestError` 400."""
        try:
            return self._decoder.decode(content)
        except msgspec.ValidationError as error:
            raise self._refusal(_json(content), error) from None
        except _MALFORMED:
            raise _invalid_json() from None


class PassedOn(Generic[T]):
    """A body that was read in part: `known` is what was decoded of it, `content` all of it."""

    def __init__(self, known: T, content: bytes) -> None:
        self.known = known
        self.content = content

    def with_model(self, model: str | None) -> msgspec.Raw:
        """Return the body with this model in it, without one for None; otherwise as it was sent."""
        if model is not None and model == getattr(self.known, "model", None):
            return msgspec.Raw(self.content)
        members = msgspec.json.decode(self.content, type=dict[str, msgspec.Raw])
        if model is None:
            members.pop("model", None)
        else:
            members["model"] = msgspec.Raw(msgspec.json.encode(model))
        return msgspec.Raw(msgspec.json.encode(members))


async def read_content(request: web.Request, limit: int) -> bytes:
    """Read the body. Not by aiohttp's own `read`, which knows one limit for the whole application."""
    if (request.content_length or 0) > limit:
        raise RequestError(BODY_TOO_LARGE.occurred())
    content = bytearray()
    try:
        async with in_time():
            async for chunk in request.content.iter_any():
                content += chunk
                if len(content) > limit:
                    raise RequestError(BODY_TOO_LARGE.occurred())
    except web.RequestPayloadError:
        raise _invalid_json() from None
    return bytes(content)


def decoded_part(part: msgspec.Raw) -> Any:
    """Return a member that was left undecoded; raises `RequestError` 400 for one that is not JSON."""
    return _json(bytes(part))


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except _MALFORMED:
        raise _invalid_json() from None


def _invalid_json() -> RequestError:
    return RequestError(INVALID_JSON.occurred())


#: An `acceptanceValue` in examples.
PRICE = "dedicated-compute-v1:USD:0.010000:0.020000"

#: The lookahead refuses a final line feed, before which Python's `$` matches, too.
AcceptedPrice = Annotated[
    str,
    Meta(
        description="The `acceptanceValue` of the price that is agreed to, as the 428 named it.",
        min_length=1,
        max_length=MAX_ACCEPTANCE,
        pattern=r"^[!-~]+$(?!\n)",
        extra={"expected": "the acceptanceValue of a price"},
    ),
]


class PriceConsent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The price that is agreed to for this start; none is needed where a start costs nothing."""

    accept_price: AcceptedPrice | None = None


PRICE_CONSENT = Body(PriceConsent(PRICE), required=False)
ACCEPTED: Parameter[str | None] = Parameter(
    PRICE_HEADER,
    "The same as `acceptPrice`, which goes before it.",
    AcceptedPrice,
    place="header",
    default=None,
    example=PRICE,
)


async def read_consent(request: web.Request) -> str | None:
    """Return the price that the request agrees to; raises `RequestError`."""
    return accepted_price(request, (await PRICE_CONSENT.read(request)).accept_price)


def accepted_price(request: web.Request, in_body: str | None) -> str | None:
    """Return the price agreed to in the body, or else by the header; raises `RequestError`."""
    by_header = ACCEPTED.read(request)
    return by_header if in_body is None else in_body
