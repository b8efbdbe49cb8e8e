"""The process itself. The library's own collector is mute under a systemd unit with `ProcSubset=pid`."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.instruments import reading

_SELF = Path("/proc/self")


class ProcessView(Collector):
    """The gauges of this process, which starts when this is made."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._started = wall()

    def collect(self) -> Iterator[Family]:
        """Yield what the system says now."""
        yield reading(m.PROCESS_START, ((), self._started))
        yield reading(m.PROCESS_CPU, ((), time.process_time()))
        yield reading(m.PROCESS_MEMORY, ((), _memory()))
        yield reading(m.PROCESS_FDS, ((), _open_files()))
        yield reading(m.PROCESS_MAX_FDS, ((), resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _memory() -> float | None:
    try:
        return float((_SELF / "statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return None


def _open_files() -> float | None:
    try:
        return float(len(os.listdir(_SELF / "fd")))  # noqa: PTH208 - numbers only, and many of them
    except OSError:
        return None
