"""cloud-api-latest L9, L23: what inference answers otherwise than before."""


async def _speech(api, **body):
    async with await api.raw("POST", "/api/v1/voice/tts", json={"text": "Hello", **body}) as response:
        return response.content_type, await response.read()


async def test_the_default_voice_is_a_wav_file_whatever_was_asked_for(api_l, api_n):
    kind, sound = await _speech(api_l, format="mp3")
    assert (kind, sound[:4], sound[8:12]) == ("audio/wav", b"RIFF", b"WAVE")
    assert (await _speech(api_l, voiceId="a"))[0] == "audio/mpeg"
    assert (await _speech(api_n))[0] == "audio/mpeg"


async def test_an_empty_input_is_an_invalid_value(api_l):
    for empty in ("", []):
        body = {"model": "openai/text-embedding-3-small", "input": empty}
        answer = await api_l.post("/api/v1/embeddings", json=body)
        assert (answer.status, answer.body["error"]["code"], answer.body["error"]["param"]) == (
            400,
            "invalid_value",
            "input",
        )


async def test_an_unknown_video_model_names_those_supported(api_l):
    answer = await api_l.post("/api/v1/generate-video", json={"prompt": "a fox", "model": "no/such"})
    assert (answer.status, "fal-ai/veo3" in answer.body["supportedModels"]) == (400, True)
