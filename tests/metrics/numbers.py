"""A scrape, read by the library's own parser."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from eliza_cloud.ops.metrics.definitions import METRICS, MetricKind
from eliza_cloud.ops.metrics.service import Metrics

SUFFIXES = {MetricKind.HISTOGRAM: ("_bucket", "_count", "_sum")}
#: The names that series may have, by the catalogue.
SERIES = {metric.name + suffix: metric for metric in METRICS for suffix in SUFFIXES.get(metric.kind, ("",))}


class Numbers:
    """What one scrape says."""

    def __init__(self, text: str) -> None:
        self.families: list[Family] = list(text_string_to_metric_families(text))

    def samples(self) -> Iterator[Sample]:
        for family in self.families:
            yield from family.samples

    def all(self, name: str, **labels: str) -> dict[tuple[str, ...], float]:
        """The series of a name with these labels, by the values of the catalogue's labels."""
        assert name in SERIES, f"{name} is not in the catalogue"
        return {
            tuple(sample.labels[label] for label in SERIES[name].labels): sample.value
            for sample in self.samples()
            if sample.name == name and labels.items() <= sample.labels.items()
        }

    def value(self, name: str, **labels: str) -> float | None:
        """The one series of a name with these labels; None when it is absent."""
        found = self.all(name, **labels)
        assert len(found) <= 1, found
        return next(iter(found.values()), None)

    def hot(self, name: str) -> list[str]:
        """The states that are 1."""
        return [state for (state,), value in self.all(name).items() if value == 1]


def scrape(metrics: Metrics) -> Numbers:
    return Numbers(metrics.exposition()[0].decode())
