"""Where events go: to the readers of the event stream, and into the journal. Each counts its own."""

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.instruments import reading
from eliza_cloud.runtime.journal import Journal


class StreamView(Collector):
    """How many `readers` the event stream has now, and how many events they have `lost` since the start."""

    def __init__(self, readers: Callable[[], int], lost: Callable[[], int]) -> None:
        self._readers = readers
        self._lost = lost

    def collect(self) -> Iterator[Family]:
        """Yield what the event stream says now."""
        yield reading(m.STREAM_READERS, ((), self._readers()))
        yield reading(m.STREAM_LOST, ((), self._lost()))


class JournalView(Collector):
    """What one journal has written and lost."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def collect(self) -> Iterator[Family]:
        """Yield what the journal says now."""
        yield reading(m.JOURNAL_WRITTEN, ((), self._journal.written))
        yield reading(m.JOURNAL_LOST, ((), self._journal.lost))
