"""Talking to the linked agent (handlers: `api/chat.py`)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from eliza_cloud.api.operation import EVENTS, Answer, Body, Operation
from eliza_cloud.api.wire.errors import BODY, CHAT, invalid

_GROUP = "Chat"

Mode = Literal["simple", "power"]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the user says; `mode` is `power` unless it is given."""

    text: Annotated[str, Meta(min_length=1, pattern=r"\S")]
    mode: Mode | None = None


class Reply(msgspec.Struct, frozen=True, rename="camel"):
    """What the agent says."""

    text: str
    agent_name: str | None


class Token(msgspec.Struct, frozen=True, tag_field="type", tag="token"):
    """A piece of the reply."""

    text: str


class Done(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag="done"):
    """The end of a complete reply."""

    full_text: str
    agent_name: str | None


class Broken(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """The end of a reply that is not complete."""

    message: str
    code: str


Frame = Token | Done | Broken

_STREAM = Answer(
    200,
    "Frames, each `data: ` with a `token`, and one `done` or `error` at the end.",
    Frame,
    Token("I am"),
    media=EVENTS,
)
_HELLO = Body(model=Message, example=Message("Hello, who are you?"))
_ERRORS = (*BODY, invalid("text is required"), invalid("mode must be 'simple' or 'power'"), *CHAT)

CHAT_WHOLE = Operation(
    group=_GROUP,
    summary="Say something to the agent",
    about="Answers with the whole reply, or with a stream when `Accept` asks for `text/event-stream`.",
    body=_HELLO,
    answers=(
        Answer(200, "The whole reply.", Reply, Reply("I am your agent.", "my-cloud-agent")),
        _STREAM,
    ),
    errors=_ERRORS,
)
CHAT_STREAM = Operation(
    group=_GROUP,
    summary="Say something and read the reply as it comes",
    about="What fails before the first frame is a JSON error with its status, after it an `error` frame.",
    body=_HELLO,
    answers=(_STREAM,),
    errors=_ERRORS,
)
