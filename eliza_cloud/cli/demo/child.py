"""A process of ours that ends with the demo: `eliza-cloud serve` or `eliza-cloud emulator`."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

TIME_TO_STOP = 15.0
"""Seconds; longer than a stop of the service may take."""
TAIL = 15


class Child:
    """One running process; what it prints goes to `log`. Leaving the block ends it, whatever happens."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = arguments[0]
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and package, no shell
                [sys.executable, "-P", "-m", "eliza_cloud.cli", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def stop(self) -> int:
        """Ask it to stop and return its exit code; one that does not stop in time is killed."""
        self._process.terminate()
        try:
            return self._process.wait(TIME_TO_STOP)
        finally:
            self._process.kill()
            self._process.wait()

    def output(self) -> str:
        """Return all it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def tail(self) -> str:
        """Return the last lines it printed."""
        return "\n".join(self.output().splitlines()[-TAIL:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()
