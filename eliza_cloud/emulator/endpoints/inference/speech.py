"""`POST /voice/tts` (cloud-api §16): silence in valid MPEG frames, as long as the text would take to say."""

import struct
from hashlib import sha256

from aiohttp import web

from eliza_cloud.emulator.access.auth import require_caller
from eliza_cloud.emulator.endpoints.inference.errors import bare, bare_errors, no_credits
from eliza_cloud.emulator.endpoints.inference.models import SPEECH_MODELS
from eliza_cloud.emulator.endpoints.stream import MIDWAY
from eliza_cloud.emulator.money.metering import reserved
from eliza_cloud.emulator.server.cloud import CLOUD
from eliza_cloud.emulator.server.responses import read_json

routes = web.RouteTableDef()

TEXT_LIMIT = 5000
# Millionths of a dollar a character.
PRICE = 30
# MPEG-1 layer III, 32 kbit/s, 44.1 kHz, one channel: a frame is 104 bytes and sounds for 26 ms.
_HEADER = bytes((0xFF, 0xFB, 0x10, 0xC4))
_SIDE_INFORMATION = bytes(17)
_FRAME_BYTES = 104
_CHARACTERS_A_FRAME = 2


def speech(text: str, voice: str) -> bytes:
    """The audio; text and voice leave their mark where a player looks at nothing, so no two are alike."""
    mark = sha256(f"{voice}\n{text}".encode("utf-8", "surrogatepass")).digest()
    frame = (_HEADER + _SIDE_INFORMATION + mark).ljust(_FRAME_BYTES, b"\0")
    return frame * -(-len(text) // _CHARACTERS_A_FRAME)


def wave(sound: bytes) -> bytes:
    """The bytes as a WAV file of eight-bit samples: the free default voice of generation L."""
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    chunks = (
        b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(sound)) + sound
    )
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@routes.post("/api/v1/voice/tts")
@routes.post("/api/elevenlabs/tts")
@bare_errors
async def speak(request: web.Request) -> web.StreamResponse:
    """`{"text", "voiceId"?, "modelId"?}` → a stream of `audio/mpeg`; see `Content-Type` in generation L."""
    cloud, caller = request.app[CLOUD], require_caller(request)
    body = await read_json(request, cloud)
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(text, str) or not text.strip():
        raise bare(400, "Text is required")
    if len(text) > TEXT_LIMIT:
        raise bare(400, f"Text is too long: at most {TEXT_LIMIT} characters are allowed")
    model = body.get("modelId")
    if model is not None and model not in SPEECH_MODELS and model not in cloud.models:
        raise bare(500, f"Pricing unavailable for model {model}")
    with reserved(cloud, caller, len(text) * PRICE, "Text to speech", no_credits) as reservation:
        reservation.cost = len(text) * PRICE
        is_wav = cloud.is_latest and not body.get("voiceId")
        kind = "audio/wav" if is_wav else "audio/mpeg"
        audio = web.StreamResponse(headers={"Content-Type": kind, "Cache-Control": "no-cache"})
        try:
            await audio.prepare(request)
            sound = speech(text, str(body.get("voiceId", "")))
            sound = wave(sound) if is_wav else sound
            half = len(sound) // 2
            await audio.write(sound[:half])
            if MIDWAY in request:
                await request[MIDWAY]()
                return audio
            await audio.write(sound[half:])
            await audio.write_eof()
        except ConnectionResetError:
            # The caller has gone.
            return audio
    return audio
