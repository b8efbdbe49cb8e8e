"""The demo's harness: an emulated Eliza Cloud and a service, two processes with a directory of their own."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eliza_cloud.cli.client.http import Service
from eliza_cloud.cli.demo.child import Child
from eliza_cloud.cli.demo.expectation import StepError, eventually

SETTINGS = {
    "cloud": {
        "bridge": {
            "heartbeatIntervalMs": 200,
            "maxFailures": 3,
            "reconnectIntervalMs": 200,
            "maxReconnectDelayMs": 500,
        },
        "login": {"pollIntervalMs": 200},
    }
}
"""The service's settings: everything as by default, only sooner."""

EMULATOR = (
    "emulator --port 0 --poll-interval-ms 100 --job-seconds 0.3 --job-retry-seconds 0.2 0.5 --no-rate-limits"
)
URL = re.compile(r"(?:answers at|Listening on) (http://\S+)")


@dataclass(frozen=True)
class Harness:
    """The two processes; `service` and `cloud` are HTTP clients of them."""

    state_dir: Path
    service: Service
    cloud: Service
    children: tuple[Child, Child]

    def tails(self) -> str:
        """Return what both printed last."""
        return "\n".join(f"--- {child.name}, last lines:\n{child.tail()}" for child in self.children)


@contextmanager
def running(generation: str) -> Iterator[Harness]:
    """Start both processes on free ports; they end with the block, and so does all they wrote."""
    with TemporaryDirectory(prefix="eliza-cloud-demo-") as directory, ExitStack() as stack:
        state_dir = Path(directory, "state")
        state_dir.mkdir(mode=0o700)
        (state_dir / "eliza.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ELIZA_", "ELIZAOS_"))
        }
        emulator = stack.enter_context(
            Child(
                [*EMULATOR.split(), "--generation", generation], environment, Path(directory, "emulator.log")
            )
        )
        cloud = Service(_url_of(emulator))
        service = stack.enter_context(
            Child(
                ["serve", "--port", "0"],
                {
                    **environment,
                    "ELIZA_STATE_DIR": str(state_dir),
                    "ELIZA_CLOUD_ALLOW_LOOPBACK": "1",
                    "ELIZAOS_CLOUD_BASE_URL": cloud.url,
                },
                Path(directory, "service.log"),
            )
        )
        url = _url_of(service)
        token = (state_dir / "api-token").read_text(encoding="ascii").strip()
        yield Harness(state_dir, Service(url, token), cloud, (emulator, service))


def _url_of(child: Child) -> str:
    """Wait until it says where it answers."""

    def look() -> str:
        if child.ended:
            raise StepError(f"{child.name} to run", f"that it has ended:\n{child.tail()}")
        found = URL.search(child.output())
        return found.group(1) if found else ""

    return eventually(f"{child.name} to say where it answers", look, bool)
