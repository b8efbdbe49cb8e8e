"""Images and videos in OpenAI's shape and in Eliza Cloud's (cloud-api §16)."""

import re
from typing import Any

from eliza_cloud.core.problems import IMAGES_BY_ADDRESS

_RATIOS = {"1:1": 1.0, "16:9": 16 / 9, "9:16": 9 / 16, "4:3": 4 / 3, "3:4": 3 / 4}
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


class MediaRefused(ValueError):  # noqa: N818 - the fact, as its readers name it
    """Images were requested as data; the cloud answers with their addresses only."""


def image_for_cloud(body: dict[str, Any], model: str | None) -> dict[str, Any]:
    """Return the cloud's request for an OpenAI one. Raises MediaRefused, before anything is paid for."""
    if body.get("response_format") == "b64_json":
        raise MediaRefused(IMAGES_BY_ADDRESS.says())
    request: dict[str, Any] = {"prompt": body.get("prompt")}
    if body.get("n") is not None:
        request["numImages"] = body["n"]
    ratio = aspect_ratio(body.get("size"))
    if ratio is not None:
        request["aspectRatio"] = ratio
    if isinstance(body.get("style"), str):
        request["stylePreset"] = body["style"]
    return {**request, "model": model} if model else request


def images_from_cloud(answer: dict[str, Any], created: int) -> dict[str, Any]:
    """Return OpenAI's answer for the cloud's: an address each, or the data where there is no address."""
    return {"created": created, "data": [_image(one) for one in _objects(answer.get("images"))]}


def video_for_cloud(body: dict[str, Any], model: str | None) -> dict[str, Any]:
    """Return the cloud's request for a video."""
    request = {"prompt": body.get("prompt")}
    return {**request, "model": model} if model else request


def video_from_cloud(answer: dict[str, Any], created: int) -> dict[str, Any]:
    """Return the video in the shape of OpenAI's images, with what else the cloud says about it."""
    return {"created": created, "data": _objects([answer.get("video")])}


def aspect_ratio(size: Any) -> str | None:
    """Return the cloud's ratio that is nearest to a size such as `1792x1024`; None for none or `auto`."""
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if match is None:
        return None
    asked = int(match[1]) / int(match[2])
    return min(_RATIOS, key=lambda name: abs(_RATIOS[name] - asked) / min(_RATIOS[name], asked))


def _image(image: dict[str, Any]) -> dict[str, Any]:
    url = image.get("url")
    found: dict[str, Any] = {"url": url} if url else {"b64_json": _base64(image.get("image"))}
    text = image.get("text")
    return {**found, "revised_prompt": text} if isinstance(text, str) and text else found


def _base64(image: Any) -> str | None:
    """Return the data of a data URL, or of plain base64."""
    return image.rpartition(",")[2] if isinstance(image, str) else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
