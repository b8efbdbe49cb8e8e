"""What the endpoints of the routed capabilities take and answer, for the API's document."""

from typing import Any

import msgspec

from eliza_cloud.api.http.relay import CUT
from eliza_cloud.api.openai.types import (
    ChatAnswerMessage,
    ChatChoice,
    ChatCompletion,
    ChatMessage,
    ChatRequest,
    CloudSpeechRequest,
    EmbeddingsRequest,
    Generated,
    ImageRequest,
    ListedModel,
    Models,
    RpcCall,
    SpeechRequest,
    VideoRequest,
)
from eliza_cloud.api.openapi.error_examples import BODY, CLOUD, invalid
from eliza_cloud.api.openapi.error_examples import CHAT as TALKING
from eliza_cloud.api.openapi.operation import EVENT_STREAM, Body, Operation, Parameter, SuccessResponse
from eliza_cloud.core.problems import Problem
from eliza_cloud.routing.adapters.models import AGENT_MODEL

_GROUP = "Capabilities"
_OTHERS = "What the other end of the road refuses keeps its 4xx, with its own code where it names one."

UNKNOWN_CHAIN = Problem(
    code="unknown_chain", status=404, message="A chain's name has letters, digits and hyphens, such as base."
)


def _closed(code: str, message: str) -> Problem:
    return Problem(code=code, status=503, message=message)


#: What using a road can meet.
UPSTREAM_PROBLEMS: tuple[Problem, ...] = (
    *BODY,
    *CLOUD,
    _closed(
        "capability_not_routed",
        "No route is set for tts. Set one with `eliza-cloud routing set tts BACKEND`.",
    ),
    _closed("route_incomplete", "The route of tts leads nowhere: it needs a backend, or a remoteApiBase."),
    _closed(
        "unknown_provider",
        "The provider mine of tts is not known. Describe it under providers in eliza.json.",
    ),
    _closed("capability_unsupported", "groq answers no chain calls. Route rpc to elizacloud."),
    _closed("provider_without_address", "The provider mine of tts has no valid address."),
    _closed("provider_key_missing", "tts goes to openai, but there is no key: set OPENAI_API_KEY under env."),
    Problem(
        code="provider_key_rejected", status=401, message="openai does not accept the key in OPENAI_API_KEY."
    ),
    Problem(
        code="provider_credits_exhausted", status=402, message="openai asks for more credits. Top up there."
    ),
    Problem(code="provider_refused", status=422, message="openai refused the request: HTTP 422."),
    Problem(code="provider_unreachable", status=502, message="openai cannot be reached. Check its base URL."),
    Problem(
        code="provider_server_error",
        status=502,
        message="openai has a fault (HTTP 500). Try again in a moment.",
    ),
    Problem(
        code="provider_timeout", status=504, message="openai took too long to answer. Try again in a moment."
    ),
    CUT,
)
_UNNAMED = invalid(
    "The route names no model for small: set smallModel or primaryModel.", "model_not_configured"
)
_NO_MODEL = invalid("model is required: the route of llmText names none", "model_required")
_FORMAT = invalid("Eliza Cloud speaks MP3 only: ask for response_format mp3", "unsupported_format")
_AUDIO = SuccessResponse(200, "The audio as it comes.", media="audio/mpeg")
_PASSED_ON = "What the other end of the road answers, as it comes."


def _operation(
    summary: str, body: Any, answers: tuple[SuccessResponse, ...], *errors: Problem, **more: Any
) -> Operation:
    return Operation(
        group=_GROUP,
        summary=summary,
        body=Body(model=type(body), example=body),
        answers=answers,
        errors=(*errors, *UPSTREAM_PROBLEMS),
        others=_OTHERS,
        **more,
    )


MODELS = Operation(
    group=_GROUP,
    summary="What can be asked for by name",
    about="Our own names in any case; a road that cannot be asked is only logged.",
    answers=(
        SuccessResponse(
            200,
            "The names.",
            Models,
            Models("list", [msgspec.to_builtins(ListedModel(AGENT_MODEL, "model", 0, "eliza-cloud"))]),
        ),
    ),
)
CHAT = _operation(
    "Chat",
    ChatRequest([ChatMessage("user", "Hello, who are you?")], AGENT_MODEL),
    (
        SuccessResponse(
            200,
            "The connected agent's reply, for the model `eliza-agent`.",
            ChatCompletion,
            ChatCompletion(
                "chatcmpl-0e9d",
                "chat.completion",
                1795464900,
                AGENT_MODEL,
                [ChatChoice(0, ChatAnswerMessage("assistant", "I am your agent."), "stop", None)],
            ),
        ),
        SuccessResponse(200, _PASSED_ON, dict[str, Any]),
        SuccessResponse(200, "Chunks, under `stream`, with `data: [DONE]` at the end.", media=EVENT_STREAM),
    ),
    invalid("messages must hold a user message with text"),
    _NO_MODEL,
    _UNNAMED,
    *TALKING,
    about="With `stream` or `Accept: text/event-stream` as it comes. The model `eliza-agent` is the connected"
    " agent, which remembers the conversation itself: it is told the instructions and the last user message.",
)
EMBEDDINGS = _operation(
    "Embeddings",
    EmbeddingsRequest("Hello", "text-embedding-3-small"),
    (SuccessResponse(200, _PASSED_ON, dict[str, Any]),),
    _NO_MODEL,
    _UNNAMED,
)
SPEECH = _operation(
    "Speech",
    SpeechRequest("Hello", voice="alloy"),
    (_AUDIO,),
    invalid("input is required"),
    _UNNAMED,
    _FORMAT,
)
CLOUD_SPEECH = _operation(
    "Speech, in Eliza Cloud's shape",
    CloudSpeechRequest("Hello"),
    (_AUDIO,),
    invalid("text is required"),
)
IMAGES = _operation(
    "Images",
    ImageRequest("A lighthouse at dusk", size="1792x1024"),
    (
        SuccessResponse(
            200, "The images.", Generated, Generated(1795464900, [{"url": "https://cdn.example/1.png"}])
        ),
        SuccessResponse(200, _PASSED_ON, dict[str, Any]),
    ),
    invalid("prompt is required"),
    _UNNAMED,
    invalid(
        "Eliza Cloud answers with the addresses of images: ask for response_format url.", "unsupported_format"
    ),
)
VIDEOS = _operation(
    "Videos",
    VideoRequest("Waves against a lighthouse"),
    (
        SuccessResponse(
            200, "The video.", Generated, Generated(1795464900, [{"url": "https://cdn.example/1.mp4"}])
        ),
        SuccessResponse(200, _PASSED_ON, dict[str, Any]),
    ),
    invalid("prompt is required"),
    _UNNAMED,
    about="Answers when the video is made, which takes minutes.",
)
RPC = Operation(
    group=_GROUP,
    summary="Chain calls",
    about="JSON-RPC, one call or a batch, passed on as it is.",
    parameters=(
        Parameter(
            "network", "Of the chain; the other end's usual one when none is named.", example="mainnet"
        ),
    ),
    body=Body(model=RpcCall | list[RpcCall], example=RpcCall("2.0", "eth_blockNumber", 1)),
    answers=(SuccessResponse(200, _PASSED_ON, Any, {"jsonrpc": "2.0", "id": 1, "result": "0x10"}),),
    errors=(UNKNOWN_CHAIN, *UPSTREAM_PROBLEMS),
    others=_OTHERS,
)
