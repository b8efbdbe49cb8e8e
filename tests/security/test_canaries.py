"""A key and a token run through all that happens to them; then all that was shown is searched."""

import base64
from pathlib import Path

import pytest
import pytest_asyncio

from eliza_cloud.emulator import GENERATIONS
from tests.harness.emulator import emulator
from tests.security.campaign import STORE, TOKEN, Campaign
from tests.security.canaries import PIECE, Canary
from tests.security.echoing_cloud import EchoingCloud
from tests.security.flows import FLOWS, SURFACES, Flow

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("canaries"),  # the flows are run by one process only
]


class Run:
    """The flows, one after the other on one machine; each is run when it, or one after it, is wanted."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.holders: list[tuple[str, dict[Path, int]]] = []
        self._due = list(FLOWS)
        self._failed = False

    async def up_to(self, last: Flow = FLOWS[-1]) -> Campaign:
        """Run this flow and all before it, unless they have been run already."""
        assert not self._failed, "a flow before has failed"
        self._failed = True
        while last in self._due:
            flow = self._due.pop(0)
            self.campaign.net.flow = flow.name
            await flow.run(self.campaign)
            if self.campaign.service.returncode is None:
                self.campaign.look_at_processes()
            self.campaign.collect()
            self.holders.append((flow.name, self.campaign.modes_of_holders()))
        self._failed = False
        return self.campaign


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run(tmp_path_factory):
    """One machine for all flows."""
    async with emulator(EchoingCloud, GENERATIONS[-1]) as cloud:
        campaign = Campaign(tmp_path_factory.mktemp("campaign"), cloud)
        campaign.prepare()
        async with campaign.stack:
            yield Run(campaign)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_the_flow_left_something_on_its_surfaces(run, flow):
    campaign = await run.up_to(flow)
    assert [surface for surface in flow.touches if len(campaign.net.of(flow.name, surface)) < 10] == []


@pytest.mark.parametrize("surface", SURFACES)
async def test_no_canary_is_on_the_surface(run, surface):
    campaign = await run.up_to()
    found = [
        (flow.name, canary.name, spelling, around)
        for flow in FLOWS
        for canary in campaign.canaries
        for spelling, around in canary.found_in(campaign.net.of(flow.name, surface)).items()
    ]
    assert not found, "\n".join(map(str, found[:10]))


async def test_only_the_store_holds_them_and_only_for_its_owner(run):
    """The two files of the key and the file of the token, each with mode 0600."""
    campaign = await run.up_to()
    for flow, holders in run.holders:
        assert all(path.parent == campaign.state and path.name in STORE for path in holders), (flow, holders)
        assert set(holders.values()) <= {0o600}, (flow, holders)
    held = {path.name for _, holders in run.holders[:-1] for path in holders}
    assert {"eliza.json", "agent.sqlite3", "api-token"} <= held


async def test_after_a_disconnect_no_file_holds_a_key(run):
    campaign = await run.up_to()
    for path in campaign.files():
        for canary in campaign.canaries[1:]:
            assert not canary.found_in(path.read_bytes()), (path, canary.name)


async def test_the_token_is_never_sent_to_the_cloud(run):
    campaign = await run.up_to()
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


async def test_the_search_covers_what_it_says(run, figure):
    """Every secret is searched for in every spelling, on surfaces of some size."""
    campaign = await run.up_to()
    spellings = len({name for canary in campaign.canaries for name in canary.needles.values()})
    needles = sum(len(canary.needles) for canary in campaign.canaries)
    assert (len(campaign.canaries), spellings) == (6, 12)
    assert campaign.net.size() > 1_000_000
    figure(
        f"canaries: {len(campaign.canaries)} secrets in {spellings} spellings ({needles} needles),"
        f" {len(FLOWS)} flows x {len(SURFACES)} surfaces, {campaign.net.size():,} bytes searched, 0 hits"
    )
