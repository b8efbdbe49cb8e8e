"""The registry of one service and its instruments, made from the catalogue."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from eliza_cloud.ops.metrics.definitions import Metric, MetricKind


class Registry(CollectorRegistry):
    """Holds the instruments of one service; when each of them was made is left out."""

    def collect(self) -> Iterable[Family]:
        """Yield what there is to expose."""
        for family in super().collect():
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family


def counter(metric: Metric, registry: Registry, *outcomes: str) -> Counter:
    """Make a counter. The values of its one label that are named begin at 0, so that each rise is seen."""
    made = Counter(metric.name, metric.help, metric.labels, registry=registry)
    for outcome in outcomes:
        made.labels(outcome)
    return made


def gauge(metric: Metric, registry: Registry) -> Gauge:
    """Make a gauge that is set."""
    return Gauge(metric.name, metric.help, metric.labels, registry=registry)


def histogram(metric: Metric, registry: Registry) -> Histogram:
    """Make a histogram."""
    return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry)


def reading(metric: Metric, *samples: tuple[tuple[str, ...], float | None]) -> Family:
    """Make what a metric shows now, of samples with the values of its labels; None is left out."""
    kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, value)
    return family
