"""All the metrics of one service, and how they are written down."""

import time
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from eliza_cloud.ops.metrics.derived import LinkView
from eliza_cloud.ops.metrics.http import CloudCallMetrics, GatewayCallMetrics, RequestMetrics
from eliza_cloud.ops.metrics.instruments import Registry
from eliza_cloud.ops.metrics.link import LinkMetrics
from eliza_cloud.ops.metrics.process import ProcessView
from eliza_cloud.ops.metrics.streams import JournalView, StreamView
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.manager import CloudManager

_OPENMETRICS = "application/openmetrics-text"


class Metrics:
    """One service's numbers. `link` observes the manager; the others are called by who does the work."""

    def __init__(
        self, *, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = Registry()
        self._wall = wall
        self.link = LinkMetrics(self._registry)
        self.requests = RequestMetrics(self._registry)
        self.cloud = CloudCallMetrics(self._registry, monotonic)
        self.gateway = GatewayCallMetrics(self._registry)
        self._registry.register(ProcessView(wall))

    def watch(self, manager: CloudManager, journal: Journal) -> None:
        """Show this link from now on; what can be derived from its facts is derived at each scrape."""
        self._registry.register(LinkView(manager, self._wall))
        self._registry.register(JournalView(journal))

    def watch_stream(self, readers: Callable[[], int], lost: Callable[[], int]) -> None:
        """Show the event stream: how many readers it has, and how many events they lost since the start."""
        self._registry.register(StreamView(readers, lost))

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Write everything down: OpenMetrics where `accept` names it, else Prometheus text; and its type."""
        if _OPENMETRICS in accept.lower():
            content: bytes = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return content, openmetrics.CONTENT_TYPE_LATEST
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4
