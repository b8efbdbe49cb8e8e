"""cloud-api §16 `tts` and `media`: tiny audio, pictures and a video, the same for the same request."""

import struct
import zlib

import pytest

SPEECH = ("/api/v1/voice/tts", "/api/elevenlabs/tts")
IMAGE = "/api/v1/generate-image"
VIDEO = "/api/v1/generate-video"


async def _audio(api, path=SPEECH[0], **body) -> bytes:
    async with await api.raw("POST", path, json=body) as response:
        assert (response.status, response.content_type) == (200, "audio/mpeg")
        return await response.read()


async def test_speech_is_whole_mpeg_frames(api):
    sound = await _audio(api, text="Hello there")
    assert len(sound) == 6 * 104
    for start in range(0, len(sound), 104):
        # MPEG-1 layer III without checksum, 32 kbit/s at 44.1 kHz: 144 * 32000 // 44100 is 104 bytes a frame.
        assert sound[start : start + 3] == b"\xff\xfb\x10"


async def test_speech_depends_on_text_and_voice_alone(api):
    sound = await _audio(api, text="Hello there", voiceId="a")
    assert sound == await _audio(api, SPEECH[1], text="Hello there", voiceId="a", modelId="eleven_turbo_v2_5")
    assert sound != await _audio(api, text="Hello where", voiceId="a")
    assert sound != await _audio(api, text="Hello there", voiceId="b")


@pytest.mark.parametrize("path", SPEECH)
async def test_speech_is_checked_and_paid(api, path):
    for body in ({}, {"text": "  "}, {"text": 5}, {"text": "x" * 5001}, ["text"]):
        answer = await api.post(path, json=body)
        assert (answer.status, set(answer.body)) == (400, {"error"})
    await api.control("organization", balance=0.0001)
    answer = await api.post(path, json={"text": "Hello there"})
    assert (answer.status, answer.body) == (402, {"error": "Insufficient credits", "required": 0.00033})
    assert await _audio(api, path, text="Hi")
    assert (await api.get("/api/v1/credits/balance")).body == {"balance": 0.00004}
    refused = await api.post(path, json={"text": "Hi"}, headers={"X-API-Key": "eliza_wrong"})
    assert (refused.status, refused.body) == (401, {"error": "Invalid or expired API key"})


async def _download(api, url: str) -> tuple[str, bytes]:
    path = "/" + url.split("/", 3)[3]
    async with await api.raw("GET", path, headers={}) as response:
        assert response.status == 200
        return response.content_type, await response.read()


async def test_pictures_can_be_fetched_by_anyone(api):
    answer = await api.post(IMAGE, json={"prompt": "a red fox", "numImages": 2, "model": "no/such"})
    assert (answer.status, answer.body["numImages"]) == (200, 2)
    assert answer.headers["X-RateLimit-Limit"] == "60"
    first, second = answer.body["images"]
    assert first["url"] != second["url"]
    assert set(first) == {"url", "text", "mimeType", "fileSize"}
    kind, picture = await _download(api, first["url"])
    assert (kind, len(picture)) == (first["mimeType"], first["fileSize"])
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (8, 8)
    (length,) = struct.unpack(">I", picture[33:37])
    assert picture[37:41] == b"IDAT"
    assert len(zlib.decompress(picture[41 : 41 + length])) == 8 * 25
    again = await api.post(IMAGE, json={"prompt": "a red fox"})
    assert again.body["images"] == [first]


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": ""},
        {"prompt": "x" * 4001},
        {"numImages": 0},
        {"numImages": 5},
        {"numImages": "2"},
        {"sourceImage": "https://example.org/fox.png"},
    ],
)
async def test_picture_requests_are_checked(api, change):
    answer = await api.post(IMAGE, json={"prompt": "a red fox", **change})
    assert (answer.status, set(answer.body)) == (400, {"error"})


async def test_pictures_and_videos_are_paid(api):
    await api.post(
        IMAGE, json={"prompt": "a fox", "numImages": 3, "sourceImage": "data:image/png;base64,AA=="}
    )
    await api.post(VIDEO, json={"prompt": "a fox"})
    assert (await api.get("/api/v1/credits/balance")).body == {"balance": 24.38}
    await api.control("organization", balance=0.01)
    for path, required in ((IMAGE, 0.04), (VIDEO, 0.5)):
        answer = await api.post(path, json={"prompt": "a fox"})
        assert (answer.status, answer.body) == (402, {"error": "Insufficient credits", "required": required})


async def test_a_video_is_there_when_the_answer_is(api):
    answer = await api.post(VIDEO, json={"prompt": "a running fox"})
    assert answer.status == 200
    assert set(answer.body) == {"video", "seed", "has_nsfw_concepts", "timings", "requestId"}
    video = answer.body["video"]
    assert set(video) == {"url", "content_type", "width", "height", "file_name", "file_size"}
    kind, film = await _download(api, video["url"])
    assert (kind, len(film), film[4:8]) == ("video/mp4", video["file_size"], b"ftyp")
    assert (await api.get("/generated/" + "0" * 32 + ".exe")).status == 404


async def test_only_known_video_models_exist(api):
    answer = await api.post(VIDEO, json={"prompt": "a fox", "model": "no/such"})
    assert answer.status == 400
    assert answer.body["validModels"] == ["fal-ai/veo3", "fal-ai/veo3/fast"]


async def test_five_videos_in_five_minutes_are_allowed(api):
    for _ in range(5):
        assert (await api.post(VIDEO, json={"prompt": "a fox"})).status == 200
    refused = await api.post(VIDEO, json={"prompt": "a fox"})
    assert (refused.status, refused.headers["Retry-After"]) == (429, "300")


async def test_an_unknown_speech_model_has_no_price(api):
    answer = await api.post(SPEECH[0], json={"text": "hi", "modelId": "m"})
    assert (answer.status, answer.body) == (500, {"error": "Pricing unavailable for model m"})
