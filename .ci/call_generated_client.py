"""Imports every operation of the generated Python client, and makes calls with it.

Arguments: the document, the service's address, the file with its token. The package is `generated`.
"""

import importlib
import json
import re
import sys
from pathlib import Path

from generated import AuthenticatedClient
from generated.api.agents import create_agent
from generated.api.service import get_log_level, set_log_level
from generated.api.status import get_status, list_journal_entries
from generated.models import NewAgent, NewLogLevel


def snake(name: str) -> str:
    """Return a name as the generator spells it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def check(found: object, expected: object) -> None:
    """Fail unless both are the same."""
    if found != expected:
        sys.exit(f"expected {expected!r}, found {found!r}")


document = json.loads(Path(sys.argv[1]).read_text())
for methods in document["paths"].values():
    for operation in methods.values():
        group = re.sub(r"\W+", "_", operation["tags"][0].lower())
        importlib.import_module(f"generated.api.{group}.{snake(operation['operationId'])}")

client = AuthenticatedClient(sys.argv[2], token=Path(sys.argv[3]).read_text().strip())
check(get_status.sync(client=client).connection.state, "disconnected")
check(get_log_level.sync(client=client).level, "info")
check(set_log_level.sync(client=client, body=NewLogLevel(level="debug")).level, "debug")
check(list_journal_entries.sync(client=client, limit=1).entries[0].kind, "mark")
refused = create_agent.sync_detailed(client=client, body=NewAgent(agent_name=" "))
check((refused.status_code, refused.parsed.error), (400, "agentName is required"))
