"""The recipes of the page about routes work as they stand."""

import json
import re
import shlex
from pathlib import Path

from eliza_cloud.routing.config.parse import checked_route, unknown_members
from eliza_cloud.routing.config.table import routes_in_force
from eliza_cloud.routing.upstreams.providers import PROVIDERS, providers_in

PAGE = (Path(__file__).parents[2] / "eliza_cloud" / "reference" / "routes.md").read_text()


async def test_every_command_of_the_recipes_is_accepted(run):
    commands = re.findall(r"^eliza-cloud routing (.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        code, _, err = await run(*shlex.split(command))
        assert (code, err) == (0, ""), command


def test_what_is_put_is_what_is_stored():
    put = json.loads(re.search(r"-d '(\{.*\})'", PAGE)[1])
    stored = json.loads(re.search(r'^(\{"serviceRouting.*\})$', PAGE, re.MULTILINE)[1])
    assert checked_route(put).members() == stored["serviceRouting"]["tts"]
    assert unknown_members(stored["serviceRouting"]["tts"]) == []
    assert [route.members() for route in routes_in_force(stored).values()] == [
        stored["serviceRouting"]["tts"]
    ]


def test_every_known_provider_is_named_and_a_further_one_is_described_rightly():
    assert all(f"`{name}`" in PAGE for name in PROVIDERS)
    described = json.loads(re.search(r'^(\{"providers.*\})$', PAGE, re.MULTILINE)[1])
    provider = providers_in(described)["mine"]
    assert (provider.base, provider.key_variables) == ("http://127.0.0.1:8000/v1", ("MINE_KEY",))
