"""The README's recipes work as they stand."""

import json
import re
import shlex
from pathlib import Path

from eliza_cloud.routing.config.parse import checked_route, unknown_members
from eliza_cloud.routing.config.table import routes_in_force
from eliza_cloud.routing.upstreams.providers import PROVIDERS, providers_in

README = (Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.split("## Routes\n")[1].split("\n## The states")[0]


async def test_every_command_of_the_recipes_is_accepted(run):
    commands = re.findall(r"^eliza-cloud routing (.*)$", SECTION, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        code, _, err = await run(*shlex.split(command))
        assert (code, err) == (0, ""), command


def test_what_is_put_is_what_is_stored():
    put = json.loads(re.search(r"-d '(\{.*\})'", SECTION)[1])
    stored = json.loads(re.search(r'^(\{"serviceRouting.*\})$', SECTION, re.MULTILINE)[1])
    assert checked_route(put).members() == stored["serviceRouting"]["tts"]
    assert unknown_members(stored["serviceRouting"]["tts"]) == []
    assert [route.members() for route in routes_in_force(stored).values()] == [
        stored["serviceRouting"]["tts"]
    ]


def test_every_known_provider_is_named_and_a_further_one_is_described_rightly():
    assert all(f"`{name}`" in SECTION for name in PROVIDERS)
    described = json.loads(re.search(r'^(\{"providers.*\})$', SECTION, re.MULTILINE)[1])
    provider = providers_in(described)["mine"]
    assert (provider.base, provider.key_variables) == ("http://127.0.0.1:8000/v1", ("MINE_KEY",))
