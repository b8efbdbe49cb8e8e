"""OpenAI's shapes into the cloud's and back (cloud-api §16)."""

import pytest

from eliza_cloud.routing.adapters.media import (
    MediaRefused,
    aspect_ratio,
    image_for_cloud,
    images_from_cloud,
    video_for_cloud,
    video_from_cloud,
)
from eliza_cloud.routing.adapters.speech import speech_for_cloud, speech_for_openai


@pytest.mark.parametrize(
    ("voice", "model", "sent"),
    [
        ("alloy", "tts-1", {}),
        ("Rachel-21m00", "eleven_turbo", {"voiceId": "Rachel-21m00", "modelId": "eleven_turbo"}),
        (None, None, {}),
        ({"id": "v"}, "gpt-4o-mini-tts", {}),
    ],
)
def test_openais_voices_and_models_become_the_clouds_defaults(voice, model, sent):
    assert speech_for_cloud("hi", voice, model) == {"text": "hi", **sent}


def test_speech_in_the_clouds_shape_becomes_openais():
    assert speech_for_openai("hi", None, None) == {"input": "hi", "voice": "alloy", "response_format": "mp3"}
    assert speech_for_openai("hi", "echo", "m")["model"] == "m"


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ("1024x1024", "1:1"),
        ("1792x1024", "16:9"),
        ("1024x1792", "9:16"),
        ("1536x1024", "4:3"),
        ("1024x1536", "3:4"),
        ("auto", None),
        ("0x5", None),
        (None, None),
        (7, None),
    ],
)
def test_a_size_becomes_the_nearest_ratio(size, ratio):
    assert aspect_ratio(size) == ratio


def test_an_image_request_is_translated():
    asked = {"prompt": "a cat", "n": 2, "size": "1024x1024", "style": "vivid", "quality": "hd", "user": "u"}
    assert image_for_cloud(asked, "m") == {
        "prompt": "a cat",
        "numImages": 2,
        "aspectRatio": "1:1",
        "stylePreset": "vivid",
        "model": "m",
    }
    assert image_for_cloud({"prompt": "a cat", "response_format": "url"}, None) == {"prompt": "a cat"}
    with pytest.raises(MediaRefused, match="response_format url"):
        image_for_cloud({"prompt": "a cat", "response_format": "b64_json"}, None)


def test_an_image_is_an_address_or_where_there_is_none_its_data():
    answer = {
        "images": [
            {"url": "https://x/1.png", "text": "a fine cat", "image": "QUJD"},
            {"image": "data:image/png;base64,QUJD", "text": ""},
            "strange",
        ]
    }
    assert images_from_cloud(answer, 7) == {
        "created": 7,
        "data": [{"url": "https://x/1.png", "revised_prompt": "a fine cat"}, {"b64_json": "QUJD"}],
    }
    assert images_from_cloud({}, 7)["data"] == []


def test_a_video_keeps_what_the_cloud_says_about_it():
    assert video_for_cloud({"prompt": "a cat", "seconds": 4}, None) == {"prompt": "a cat"}
    video = {"url": "https://x/1.mp4", "width": 16}
    assert video_from_cloud({"video": video, "seed": 1}, 7) == {"created": 7, "data": [video]}
    assert video_from_cloud({}, 7)["data"] == []
