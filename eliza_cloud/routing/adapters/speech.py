"""Speech in OpenAI's shape and in Eliza Cloud's (cloud-api §16)."""

from typing import Any

#: OpenAI's voices; the cloud knows none of them, so they mean its own default voice.
OPENAI_VOICES = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage"}
    | {"shimmer", "verse"}
)
_OPENAI_MODELS = ("tts-", "gpt-")
USUAL_VOICE = "alloy"


def is_openai_model(model: str) -> bool:
    """Tell whether a name is one of OpenAI's speech models, which the cloud does not have."""
    return model.startswith(_OPENAI_MODELS)


def speech_for_cloud(text: Any, voice: Any, model: str | None) -> dict[str, Any]:
    """Return the cloud's request; OpenAI's voices and models become the cloud's defaults."""
    body = {"text": text}
    if isinstance(voice, str) and voice.strip() and voice not in OPENAI_VOICES:
        body["voiceId"] = voice
    if model and not is_openai_model(model):
        body["modelId"] = model
    return body


def speech_for_openai(text: str, voice: Any, model: str | None) -> dict[str, Any]:
    """Return OpenAI's request for what was asked in the cloud's shape; the answer is MP3."""
    body = {"input": text, "voice": voice or USUAL_VOICE, "response_format": "mp3"}
    return {**body, "model": model} if model else body
