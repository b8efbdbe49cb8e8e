"""What travels under /v1 and on the other roads: OpenAI's types, of which only what we look at is described.

Further members are passed on. (Contracts: `wire/capabilities.py`.)
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Model = Annotated[
    str,
    Meta(
        description="A model, a tier such as `small`, or `eliza-agent`; the route's own when none is named."
    ),
]


Text = Annotated[str, Meta(min_length=1, pattern=r"\S")]


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A chat completion to make. Further members are passed on."""

    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    model: Model | None = None
    stream: bool | None = None


class ChatAnswerMessage(msgspec.Struct, frozen=True):
    """What is said."""

    role: Literal["assistant"]
    content: str


class ChatChoice(msgspec.Struct, frozen=True):
    """The one choice."""

    index: int
    message: ChatAnswerMessage
    finish_reason: str
    logprobs: None


class ChatCompletion(msgspec.Struct, frozen=True):
    """A whole reply of the connected agent."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]


class ListedModel(msgspec.Struct, frozen=True):
    """One of our own names that a request may use as `model`."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(msgspec.Struct, frozen=True):
    """What can be asked for by name: our own names first, then what the road of llmText leads to."""

    object: Literal["list"]
    data: list[dict[str, Any]]


class EmbeddingsRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Texts to embed. Further members are passed on."""

    input: Annotated[str, Meta(min_length=1)] | Annotated[list[str | list[int]], Meta(min_length=1)]
    model: Model | None = None


class SpeechRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text to say. Eliza Cloud speaks MP3 only, and OpenAI's voices mean its default voice there."""

    input: Text
    model: Model | None = None
    voice: Any = None
    response_format: Any = None


class CloudSpeechRequest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A text to say, in Eliza Cloud's own shape."""

    text: Text
    model_id: str | None = None
    voice_id: str | None = None


class ImageRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image to make. Eliza Cloud answers with addresses, and with the ratio nearest to `size`."""

    prompt: Text
    model: Model | None = None
    n: int | None = None
    size: str | None = None
    style: str | None = None
    response_format: str | None = None


class VideoRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A video to make."""

    prompt: Text
    model: Model | None = None


class RpcCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A JSON-RPC call."""

    jsonrpc: Literal["2.0"]
    method: str
    id: int | str | None = None
    params: list[Any] = []


class Generated(msgspec.Struct, frozen=True):
    """What was made, in the shape of OpenAI's images: an `url` each, or `b64_json` where there is none."""

    created: int
    data: list[dict[str, Any]]
