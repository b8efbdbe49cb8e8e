"""An Eliza Cloud on this machine: the server generations of the cloud contract, with faults on demand.

It imports nothing of the service, so that it cannot share the client's mistakes. `create_app` gives an
aiohttp application; `/emulator/*` controls it. `create_legacy_host` gives one that only redirects.
"""

from eliza_cloud.emulator.app import create_app
from eliza_cloud.emulator.legacy_host import create_legacy_host
from eliza_cloud.emulator.server.cloud import GENERATIONS

__all__ = ["GENERATIONS", "create_app", "create_legacy_host"]
