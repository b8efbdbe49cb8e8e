"""Paid starts: a price is accepted with the value the cloud named, and no other (cloud-api-latest L2)."""

import msgspec
import pytest

from eliza_cloud.cloud.errors import InvalidRequest, InvalidResponse, PriceConfirmationRequired
from eliza_cloud.cloud.jobs import wait_for_job
from eliza_cloud.cloud.types.models import JobRef, Pricing

from .conftest import AGENT

AGENTS = "/api/v1/eliza/agents"
HEADER = "X-Eliza-Dedicated-Price"
VALUE = "dedicated-compute-v1:USD:0.010000:0.020000"
PRICING = {
    "currency": "USD",
    "hourlyRateUsd": 0.01,
    "minimumActivationChargeUsd": 0.02,
    "acceptanceHeader": HEADER,
    "acceptanceValue": VALUE,
}


def price(**changes):
    pricing = {name: value for name, value in {**PRICING, **changes}.items() if value is not ...}
    return (
        428,
        {
            "success": False,
            "code": "DEDICATED_PRICE_CONFIRMATION_REQUIRED",
            "error": "Confirm the price",
            "pricing": pricing,
        },
    )


CALLS = {
    "provision": (
        "POST",
        f"{AGENTS}/{AGENT}/provision",
        lambda client, **more: client.provision(AGENT, **more),
    ),
    "resume": ("POST", f"{AGENTS}/{AGENT}/resume", lambda client, **more: client.resume(AGENT, **more)),
    "wake": ("POST", f"{AGENTS}/{AGENT}/wake", lambda client, **more: client.wake(AGENT, fresh=True, **more)),
    "create": ("POST", AGENTS, lambda client, **more: client.create_agent("a", dedicated=True, **more)),
}


@pytest.fixture(autouse=True)
async def agent(cloud):
    return cloud.agents("eliza")


@pytest.mark.parametrize("call", CALLS)
async def test_a_start_whose_price_was_not_accepted_names_the_price_and_starts_nothing(client, cloud, call):
    method, path, ask = CALLS[call]
    cloud.on(method, path, price())
    with pytest.raises(PriceConfirmationRequired) as caught:
        await ask(client)
    error = caught.value
    assert error.pricing == Pricing("USD", 0.01, 0.02, VALUE)
    assert (error.code, error.status, error.cloud_status) == ("price_confirmation_required", 428, 428)
    assert error.retryable is False
    assert error.details["pricing"] == {
        "currency": "USD",
        "hourlyRateUsd": 0.01,
        "minimumActivationChargeUsd": 0.02,
        "acceptanceValue": VALUE,
    }
    assert "$0.01" in str(error)
    assert "$0.02" in str(error)
    assert HEADER not in cloud.asked[-1].headers
    assert cloud.count(method, path) == 1


@pytest.mark.parametrize("call", CALLS)
async def test_the_accepted_value_travels_byte_for_byte(client, cloud, call):
    method, path, ask = CALLS[call]
    value = "!v1:eur:0.15~"
    cloud.on(method, path, (200, {"success": True, "data": {"id": AGENT, "status": "running"}}))
    await ask(client, accept_price=value)
    assert cloud.asked[-1].headers[HEADER] == value


async def test_amounts_may_be_texts(client, cloud, agent):
    cloud.on("POST", f"{agent}/provision", price(hourlyRateUsd="0.150000", minimumActivationChargeUsd="0.3"))
    with pytest.raises(PriceConfirmationRequired) as caught:
        await client.provision(AGENT)
    assert caught.value.pricing == Pricing("USD", 0.15, 0.3, VALUE)


@pytest.mark.parametrize(
    "changes",
    [
        {"acceptanceValue": "a b"},
        {"acceptanceValue": "a\r\nX-Evil: 1"},
        {"acceptanceValue": "ü"},
        {"acceptanceValue": "\0"},
        {"acceptanceValue": ""},
        {"acceptanceValue": "x" * 257},
        {"acceptanceValue": 7},
        {"acceptanceValue": None},
        {"acceptanceValue": ...},
        {"hourlyRateUsd": "much"},
        {"hourlyRateUsd": ...},
        {"hourlyRateUsd": -1},
        {"minimumActivationChargeUsd": None},
        {"currency": ""},
    ],
)
async def test_a_price_that_cannot_be_accepted_or_understood_is_a_bad_answer(client, cloud, agent, changes):
    cloud.on("POST", f"{agent}/provision", price(**changes))
    with pytest.raises(InvalidResponse) as caught:
        await client.provision(AGENT)
    assert (caught.value.code, caught.value.status) == ("invalid_response", 502)
    assert caught.value.retryable is False


@pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "ü", "\0", "x" * 257])
async def test_what_can_be_no_price_is_not_sent(client, cloud, agent, value):
    with pytest.raises(InvalidRequest, match="acceptanceValue"):
        await client.provision(AGENT, accept_price=value)
    assert cloud.asked == []


async def test_a_price_that_is_asked_for_without_being_named_is_one_all_the_same(client, cloud, agent):
    body = {
        "success": False,
        "code": "DEDICATED_PRICE_CONFIRMATION_REQUIRED",
        "error": "stopped",
        "retryable": False,
    }
    cloud.on("POST", f"{agent}/bridge", (428, body))
    with pytest.raises(PriceConfirmationRequired) as caught:
        await client.send_message(AGENT, "hi")
    assert caught.value.pricing is None
    assert "pricing" not in caught.value.details


async def test_a_start_whose_price_changed_on_the_way_has_to_be_accepted_again(client, cloud):
    text = "Dedicated start price is missing or changed. Confirm the current price."
    cloud.on("GET", "/api/v1/jobs/j1", (200, {"data": {"id": "j1", "status": "failed", "error": text}}))

    async def sleep(seconds):
        raise AssertionError("a failed job is not waited for")

    with pytest.raises(PriceConfirmationRequired) as caught:
        await wait_for_job(client, JobRef("j1", 5.0, None), sleep)
    assert caught.value.pricing is None
    assert caught.value.details == {"jobId": "j1"}
    assert caught.value.retryable is False


async def test_a_bad_value_of_the_cloud_is_not_shown(client, cloud, agent):
    cloud.on("POST", f"{agent}/provision", price(acceptanceValue="bad\nvalue"))
    with pytest.raises(InvalidResponse) as caught:
        await client.provision(AGENT)
    assert "bad" not in msgspec.json.encode(caught.value.details).decode() + str(caught.value)
