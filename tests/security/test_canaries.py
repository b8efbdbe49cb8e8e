"""A key and a token run through all that happens to them; then all that was shown is searched."""

import base64

import pytest
import pytest_asyncio

from tests.security.campaign import STORE, TOKEN, Campaign
from tests.security.canaries import PIECE, Canary
from tests.security.echoing_cloud import echoing_cloud
from tests.security.flows import FLOWS, SURFACES

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def campaign(tmp_path_factory):
    """Run all flows once, on one machine."""
    async with echoing_cloud() as cloud:
        run = Campaign(tmp_path_factory.mktemp("campaign"), cloud)
        run.prepare()
        run.holders = []
        try:
            for flow in FLOWS:
                run.net.flow = flow.name
                await flow.run(run)
                if run.service.returncode is None:
                    run.look_at_processes()
                run.collect()
                run.holders.append((flow.name, run.modes_of_holders()))
        finally:
            if run.service is not None and run.service.returncode is None:
                run.service.kill()
                await run.service.wait()
        yield run


@pytest.mark.parametrize("surface", SURFACES)
async def test_no_canary_is_on_the_surface(campaign, surface):
    found = [
        (flow.name, canary.name, spelling, around)
        for flow in FLOWS
        for canary in campaign.canaries
        for spelling, around in canary.found_in(campaign.net.of(flow.name, surface)).items()
    ]
    assert not found, "\n".join(map(str, found[:10]))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_the_flow_left_something_on_its_surfaces(campaign, flow):
    assert [surface for surface in flow.touches if len(campaign.net.of(flow.name, surface)) < 10] == []


async def test_only_the_store_holds_them_and_only_for_its_owner(campaign):
    """The two files of the key and the file of the token, each with mode 0600."""
    for flow, holders in campaign.holders:
        assert all(path.parent == campaign.state and path.name in STORE for path in holders), (flow, holders)
        assert set(holders.values()) <= {0o600}, (flow, holders)
    held = {path.name for _, holders in campaign.holders[:-1] for path in holders}
    assert {"eliza.json", "agent.sqlite3", "api-token"} <= held


async def test_after_a_disconnect_no_file_holds_a_key(campaign):
    for path in campaign.files():
        for canary in campaign.canaries[1:]:
            assert not canary.found_in(path.read_bytes()), (path, canary.name)


async def test_the_token_is_never_sent_to_the_cloud(campaign):
    token = Canary("token", TOKEN)
    assert len(campaign.cloud.tokens_seen) > 100
    assert not any(token.found_in(seen) for seen in campaign.cloud.tokens_seen)


async def test_the_search_finds_what_there_is():
    """The net is tight: twenty characters of a canary, from wherever, in any spelling; the prefix is none."""
    key = "eliza_" + "0123456789abcdef" * 4
    canary = Canary("key", key)
    for start in range(len(key) - PIECE + 1):
        piece = key[start : start + PIECE]
        spellings = [piece, piece.upper(), piece[::-1], piece.encode().hex()]
        spellings += [quote_all(piece), json_escaped(piece)]
        for spelled in spellings:
            assert canary.found_in(f"before {spelled} after".encode()), (start, spelled)
    for before in ("", "x", "xy", "xyz"):
        assert canary.found_in(base64.b64encode(f"{before}{key}".encode()))
    assert not canary.found_in(f"the prefix {key[:12]} of a key".encode())


def quote_all(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def json_escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


async def test_the_numbers(campaign, figure):
    spellings = len({name for canary in campaign.canaries for name in canary.needles.values()})
    needles = sum(len(canary.needles) for canary in campaign.canaries)
    figure(
        f"canaries: {len(campaign.canaries)} secrets in {spellings} spellings ({needles} needles),"
        f" {len(FLOWS)} flows x {len(SURFACES)} surfaces, {campaign.net.size():,} bytes searched, 0 hits"
    )
