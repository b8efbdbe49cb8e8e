"""cloud-api §16 `embeddings`: vectors that depend on model and text alone."""

import pytest

PATH = "/api/v1/embeddings"
MODEL = "openai/text-embedding-3-small"


async def _vectors(api, value, model=MODEL, **more):
    answer = await api.post(PATH, json={"model": model, "input": value, **more})
    assert answer.status == 200
    return [each["embedding"] for each in answer.body["data"]]


async def test_each_input_has_its_vector_in_order(api):
    answer = await api.post(PATH, json={"model": MODEL, "input": ["one", "two", "one"]})
    body = answer.body
    assert (answer.status, body["object"], body["model"]) == (200, "list", MODEL)
    assert [(each["object"], each["index"]) for each in body["data"]] == [("embedding", n) for n in range(3)]
    one, two, again = (each["embedding"] for each in body["data"])
    assert one == again != two
    assert len(one) == 8
    assert sum(number * number for number in one) == pytest.approx(1)
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert answer.headers["X-RateLimit-Limit"] == "200"


async def test_model_and_text_decide_and_nothing_else(api):
    assert await _vectors(api, "one") == await _vectors(api, ["one"])
    assert await _vectors(api, "one") != await _vectors(api, "one", model="openai/gpt-oss-120b")
    plain = await _vectors(api, "one")
    assert await _vectors(api, "one", encoding_format="base64", dimensions=2) == plain
    assert await _vectors(api, [1, 2]) == await _vectors(api, [[1, 2]])


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "one"}, "model"),
        ({"model": MODEL}, "input"),
        ({"model": MODEL, "input": ""}, "input"),
        ({"model": MODEL, "input": []}, "input"),
        ({"model": MODEL, "input": ["one", {}]}, "input"),
    ],
)
async def test_model_and_input_are_required(api, body, param):
    answer = await api.post(PATH, json=body)
    assert (answer.status, answer.body["error"]["param"]) == (400, param)


async def test_without_credits_the_code_is_its_own(api):
    await api.control("organization", balance=0)
    answer = await api.post(PATH, json={"model": MODEL, "input": "one"})
    error = answer.body["error"]
    assert (answer.status, error["type"], error["code"]) == (
        402,
        "insufficient_quota",
        "insufficient_balance",
    )


async def test_a_token_costs_a_millionth(api):
    await api.post(PATH, json={"model": MODEL, "input": "x" * 4000})
    assert (await api.get("/api/v1/credits/balance")).body == {"balance": 24.999}


async def test_an_unknown_model_has_no_price(api):
    answer = await api.post(PATH, json={"model": "no/such", "input": "one"})
    assert (answer.status, answer.body["error"]["message"]) == (500, "Pricing unavailable for model no/such")
