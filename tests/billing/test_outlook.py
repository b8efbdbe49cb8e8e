"""The forecast beside the balance, and the service key of a running service."""

import json

import msgspec

from eliza_cloud.core.credits import Spending
from eliza_cloud.daemon.service import running
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.store.config.listen_address import Binding, Port
from tests.billing.conftest import says
from tests.harness.waiting import until

SERVICE_KEY = "sk-backend-5ec4e7b2a1"


def has_seen(service, **spending):
    """Let the watch of this service have seen this much."""
    loop = service.manager._loop
    loop.facts = msgspec.structs.replace(loop.facts, spending=Spending(balance=9.0, at=0.0, **spending))
    for observer in loop._observers:
        observer.on_start(loop.facts)  # for no event led there


async def outlook(service):
    return (await service.get("/api/cloud/credits"))["outlook"]


async def test_the_balance_of_now_lasts_as_long_as_the_rate_seen_allows(against):
    service = await against({"GET /api/v1/credits/balance": says({"balance": "4.20"})})
    has_seen(service, spent=1.2, hours=4.0)
    assert await outlook(service) == {
        "canProvision": False,
        "minimumDeposit": 5.0,
        "hoursLeft": 14.0,
        "spendingPerHour": 0.3,
    }


async def test_without_spending_there_is_no_end_and_before_an_hour_no_rate(against):
    service = await against({"GET /api/v1/credits/balance": says({"balance": 5})})
    has_seen(service, spent=0.0, hours=4.0)
    assert await outlook(service) == {
        "canProvision": True,
        "minimumDeposit": 5.0,
        "hoursLeft": None,
        "spendingPerHour": 0.0,
    }
    has_seen(service, spent=1.0, hours=0.9)
    assert [(await outlook(service))[name] for name in ("hoursLeft", "spendingPerHour")] == [None, None]


async def test_a_link_watches_the_balance_by_itself(signed_in):
    await signed_in.linked_agent()
    await until(lambda: signed_in.manager.facts.spending is not None)
    assert signed_in.manager.facts.spending.balance == 25.0


async def test_the_service_key_of_the_settings_is_hidden_from_the_log(tmp_path):
    (tmp_path / "eliza.json").write_text(json.dumps({"cloud": {"serviceKey": SERVICE_KEY}}))
    redaction = LogRedactor()
    environ = {"ELIZA_STATE_DIR": str(tmp_path)}
    async with running(environ, Binding("127.0.0.1", (Port(0, "--port"),)), redaction) as service:
        assert service.manager.settings.service_key.reveal() == SERVICE_KEY
        assert SERVICE_KEY not in redaction.text(f"why: {SERVICE_KEY}")
        assert SERVICE_KEY not in repr(service.manager.settings)
