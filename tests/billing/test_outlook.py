"""The forecast beside the balance, and the service key of a running service."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from eliza_cloud.redaction.log import LogRedactor
from tests.harness.clock import FakeClock
from tests.harness.scripted_cloud import KEY, A, ScriptedCloud
from tests.harness.service import whole_service
from tests.harness.waiting import until

SERVICE_KEY = "sk-backend-5ec4e7b2a1"


SELDOM = 1_000_000.0


@pytest.fixture
async def money():
    """A cloud that says what it is told to."""
    scripted = ScriptedCloud()
    async with TestServer(scripted.app) as server:
        scripted.url = str(server.make_url("")).rstrip("/")
        yield scripted


@pytest.fixture
async def watching(serve, money):
    """Give a function that lets a linked service see what is spent in some hours."""
    clock = FakeClock()

    async def watch(*, spent, hours):
        pause = hours * 3600.0
        settings = {"heartbeat_interval": SELDOM, "backup_interval": SELDOM, "credits_interval": pause}
        service = await serve(money.url, key=KEY, clock=clock, settings=settings)
        await service.until_connected()
        for balance in (9.0 + spent, 9.0):
            before = service.manager.facts.spending
            money.always["balance"] = web.json_response({"balance": balance})
            if before is None:
                await service.manager.connect(A)
            else:
                clock.advance(pause)
            await until(lambda before=before: service.manager.facts.spending != before)
        return service

    return watch


async def outlook(money, service, balance):
    money.always["balance"] = web.json_response({"balance": balance})
    return (await service.get("/api/cloud/credits"))["outlook"]


async def test_the_balance_of_now_lasts_as_long_as_the_rate_seen_allows(money, watching):
    service = await watching(spent=1.2, hours=4.0)
    assert await outlook(money, service, "4.20") == {
        "canProvision": False,
        "minimumDeposit": 5.0,
        "hoursLeft": 14.0,
        "spendingPerHour": 0.3,
    }


async def test_without_spending_there_is_no_end(money, watching):
    service = await watching(spent=0.0, hours=4.0)
    assert await outlook(money, service, 5) == {
        "canProvision": True,
        "minimumDeposit": 5.0,
        "hoursLeft": None,
        "spendingPerHour": 0.0,
    }


async def test_before_an_hour_has_been_seen_there_is_no_rate(money, watching):
    service = await watching(spent=1.0, hours=0.9)
    seen = await outlook(money, service, 5)
    assert (seen["hoursLeft"], seen["spendingPerHour"]) == (None, None)


async def test_a_link_watches_the_balance_by_itself(signed_in):
    await signed_in.linked_agent()
    await until(lambda: signed_in.manager.facts.spending is not None)
    assert signed_in.manager.facts.spending.balance == 25.0


async def test_the_service_key_of_the_settings_is_hidden_from_the_log(tmp_path):
    (tmp_path / "eliza.json").write_text(json.dumps({"cloud": {"serviceKey": SERVICE_KEY}}))
    redaction = LogRedactor()
    async with whole_service(tmp_path, redactor=redaction) as service:
        assert service.manager.settings.service_key.reveal() == SERVICE_KEY
        assert SERVICE_KEY not in redaction.text(f"why: {SERVICE_KEY}")
        assert SERVICE_KEY not in repr(service.manager.settings)
