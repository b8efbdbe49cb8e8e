"""A streamed completion that ends properly but holds nothing: its provider failed (cloud-api §23)."""

from typing import Any

from eliza_cloud.cloud.errors import StreamFailed
from eliza_cloud.cloud.http.request import json_object
from eliza_cloud.cloud.http.sse import EventTooLarge, SseEvent, SseParser
from eliza_cloud.cloud.types.models import members
from eliza_cloud.core.problems import COMPLETION_EMPTY

_END = "[DONE]"


class CompletionCheck:
    """Reads the frames of a streamed `chat.completion` beside their way down, and says when it was empty.

    `feed` gives back the bytes that may be passed on: whole frames until there is content, then all as it
    comes. From the first frame that says the completion is over, those of a completion without any content
    are kept back, so that an error can be the stream's last frame.
    """

    def __init__(self) -> None:
        self._parser: SseParser | None = SseParser()
        self._held = bytearray()
        self._is_over = False

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk and return what may be passed on now."""
        if self._parser is None:
            return chunk
        try:
            for event in self._parser.feed(chunk):
                self._take(event)
        except EventTooLarge:
            self._parser = None
        self._held += chunk
        if self._parser is None:
            return self._release(len(self._held))
        return b"" if self._is_over else self._release(_end_of_frames(self._held))

    def flush(self) -> bytes:
        """Return the rest at the end of the stream; raises `StreamFailed` for an empty completion."""
        if self._parser is not None and self._is_over:
            raise StreamFailed(COMPLETION_EMPTY.occurred(), cloud_status=200)
        return self._release(len(self._held))

    def _take(self, event: SseEvent) -> None:
        if event.data.strip() == _END:
            self._is_over = True
            return
        document = json_object(event.data.encode())
        if document is None or "error" in document or event.event != "message":
            self._parser = None  # it says itself what is wrong, or is no completion
            return
        choices = document.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            self._take_choice(members(choice))

    def _take_choice(self, choice: dict[str, Any]) -> None:
        reason = choice.get("finish_reason")
        if _has_content(members(choice.get("delta"))) or _has_content(members(choice.get("message"))):
            self._parser = None
        elif reason == "stop":
            self._is_over = True
        elif reason is not None:
            self._parser = None  # a length or a filter may leave nothing, and says so

    def _release(self, size: int) -> bytes:
        passed = bytes(self._held[:size])
        del self._held[:size]
        return passed


def _end_of_frames(content: bytes | bytearray) -> int:
    """Return where the last whole frame ends."""
    return max(
        content.rfind(end) + len(end) if end in content else 0 for end in (b"\n\n", b"\r\n\r\n", b"\r\r")
    )


def _has_content(delta: dict[str, Any]) -> bool:
    """Tell whether a delta brings anything beside its role."""
    return any(value for name, value in delta.items() if name != "role")
