"""The reference of metrics."""

from eliza_cloud.cli.commands.reference.markdown import code, page, table
from eliza_cloud.ops.metrics.definitions import METRICS, Metric


def metrics_page() -> str:
    """Return every metric, with its kind, labels and meaning."""
    return page(
        "Metrics",
        "`GET /metrics` answers with these in Prometheus' text format, or OpenMetrics for whoever accepts it."
        " Times are seconds, sizes bytes, money dollars.",
        table(("Metric", "Kind", "Labels", "Meaning"), [_row(metric) for metric in METRICS]),
    )


def _row(metric: Metric) -> tuple[str, ...]:
    return code(metric.name), metric.kind.value, ", ".join(map(code, metric.labels)), metric.help
