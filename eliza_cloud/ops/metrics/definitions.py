"""The catalogue of metrics: name, kind, labels and one sentence each. What is not here is not exposed.

Units are seconds, bytes and dollars. No label takes its values from outside without a bound.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class MetricKind(StrEnum):
    """What a metric is, as Prometheus names it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(msgspec.Struct, frozen=True):
    """One metric; `buckets` are the upper bounds of a histogram's."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _gauge(name: str, about: str, *labels: str) -> Metric:
    return Metric(name, MetricKind.GAUGE, about, labels)


def _counter(name: str, about: str, *labels: str) -> Metric:
    return Metric(name, MetricKind.COUNTER, about, labels)


def _histogram(name: str, about: str, *labels: str, buckets: tuple[float, ...]) -> Metric:
    return Metric(name, MetricKind.HISTOGRAM, about, labels, buckets)


_QUICK = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
_CALLS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_BACKUPS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)

# The link
CONNECTION_STATE = _gauge(
    "eliza_cloud_connection_state", "1 for the state the link is in, 0 for the other four.", "state"
)
CONNECTION_SINCE = _gauge(
    "eliza_cloud_connection_since_timestamp_seconds", "When the link came into its state."
)
FAILING_SINCE = _gauge(
    "eliza_cloud_failing_since_timestamp_seconds",
    "When the problem of the link began; absent while there is none.",
)
RECONNECT_ATTEMPT = _gauge(
    "eliza_cloud_reconnect_attempt", "Which try to restore the link is under way or next; 0 for none."
)
NEXT_TRY = _gauge(
    "eliza_cloud_reconnect_next_try_seconds",
    "Seconds until the next try to restore the link; absent while none is to come.",
)
TRANSITIONS = _counter(
    "eliza_cloud_transitions_total",
    "Transitions of the link, by the event that brought them.",
    "from",
    "to",
    "event",
)
RECONNECT_ATTEMPTS = _counter(
    "eliza_cloud_reconnect_attempts_total",
    "Tries to restore the link: `succeeded`, `failed`, or `final` where no further one could mend it.",
    "outcome",
)

# Heartbeats
HEARTBEATS = _counter(
    "eliza_cloud_heartbeats_total", "Heartbeats of the agent's sandbox: `answered` or `missed`.", "outcome"
)
HEARTBEAT_TIME = _histogram(
    "eliza_cloud_heartbeat_seconds", "How long answered heartbeats took.", buckets=_CALLS
)
HEARTBEAT_MISSES = _gauge("eliza_cloud_heartbeat_misses", "Heartbeats missed in a row.")
HEARTBEAT_INTERVAL = _gauge("eliza_cloud_heartbeat_interval_seconds", "Seconds between two heartbeats.")
LAST_HEARTBEAT = _gauge(
    "eliza_cloud_last_heartbeat_timestamp_seconds",
    "When the last heartbeat was answered; absent before the first.",
)

# Backups
BACKUPS = _counter(
    "eliza_cloud_backups_total",
    "Backups: `taken`, `failed`, or `refused` for good.",
    "outcome",
)
BACKUP_TIME = _histogram("eliza_cloud_backup_seconds", "How long taken backups took.", buckets=_BACKUPS)
BACKUP_INTERVAL = _gauge("eliza_cloud_backup_interval_seconds", "Seconds between two backups.")
LAST_BACKUP = _gauge(
    "eliza_cloud_last_backup_timestamp_seconds", "When the last backup was taken; absent before the first."
)
BACKUP_AGE = _gauge(
    "eliza_cloud_last_backup_age_seconds", "How old the last backup is; absent before the first."
)
BACKUP_SIZE = _gauge("eliza_cloud_last_backup_bytes", "Size of the last backup whose size is known.")

# The account
KEY_STATE = _gauge(
    "eliza_cloud_key_state", "1 for what is known of the API key, 0 for the other three.", "state"
)
KEY_EXPIRES = _gauge(
    "eliza_cloud_key_expires_timestamp_seconds", "When the API key expires; absent for one that does not."
)
CREDITS_BALANCE = _gauge(
    "eliza_cloud_credits_balance_dollars", "The account's balance as it was last read; absent before that."
)
CREDITS_READ = _gauge(
    "eliza_cloud_credits_read_timestamp_seconds", "When the balance was last read; absent before that."
)
CREDITS_LEFT = _gauge(
    "eliza_cloud_credits_left_seconds",
    "How long the balance lasts at the present rate; absent while nothing is spent or too little was seen.",
)
LOGINS = _counter(
    "eliza_cloud_logins_total",
    "Sign-ins by their end: `authenticated`, `expired`, `failed` or `cancelled`.",
    "outcome",
)

# Health
HEALTH_ITEM = _gauge(
    "eliza_cloud_health_item",
    "1 for each problem that is shown now, 0 for the others of the catalogue.",
    "code",
    "severity",
)

# The API
REQUESTS = _counter(
    "eliza_cloud_requests_total",
    "Requests by their route's template (`unmatched` for none) and the status their answer began with.",
    "method",
    "route",
    "status",
)
REQUEST_TIME = _histogram(
    "eliza_cloud_request_seconds",
    "How long requests took until their answer began.",
    "method",
    "route",
    buckets=_CALLS,
)
STREAM_READERS = _gauge("eliza_cloud_event_stream_readers", "Readers of the event stream.")
STREAM_LOST = _counter(
    "eliza_cloud_event_stream_lost_total", "Events that readers of the event stream lost by being too slow."
)

# Calls to Eliza Cloud and on other roads
CLOUD_CALLS = _counter(
    "eliza_cloud_cloud_calls_total",
    "Calls to Eliza Cloud by endpoint (`other` for an unknown one) and outcome: the answer's status or its"
    " class, or else the cause's code (`cloud_timeout`, …), `cancelled`, `failed`.",
    "endpoint",
    "outcome",
)
CLOUD_CALL_TIME = _histogram(
    "eliza_cloud_cloud_call_seconds",
    "How long calls to Eliza Cloud took until their answer began.",
    "endpoint",
    buckets=_CALLS,
)
GATEWAY_CALLS = _counter(
    "eliza_cloud_gateway_calls_total",
    "Calls of a capability by the transport of its route; outcome `answered`, or the failure's code"
    " (`refused` for one of the provider's own).",
    "capability",
    "transport",
    "outcome",
)

# Within
EVENTS = _counter(
    "eliza_cloud_events_total",
    "Events of the link by what they came to: `moved`, `stayed`, `ignored`, `refused`, or `stale` (from an"
    " epoch that is over).",
    "event",
    "outcome",
)
CONSUMER_RUNNING = _gauge("eliza_cloud_consumer_running", "1 while the link's consumer works, else 0.")
QUEUE_LENGTH = _gauge("eliza_cloud_queue_length", "Events that wait for the link's consumer.")
QUEUE_WAIT = _histogram(
    "eliza_cloud_queue_wait_seconds", "How long events waited for the link's consumer.", buckets=_QUICK
)
QUEUE_HANDLING = _histogram(
    "eliza_cloud_queue_handling_seconds", "How long the link's consumer took for an event.", buckets=_QUICK
)
JOURNAL_WRITTEN = _counter("eliza_cloud_journal_written_total", "Entries written to the journal.")
JOURNAL_LOST = _counter(
    "eliza_cloud_journal_lost_total", "Entries lost because the journal could not be written for too long."
)
BUILD = _gauge("eliza_cloud_build_info", "1; the labels tell what runs.", "version", "python")

# The process, under the names every Prometheus client uses
PROCESS_START = _gauge("process_start_time_seconds", "When the service started.")
PROCESS_CPU = _counter("process_cpu_seconds_total", "Processor time used, user and system.")
PROCESS_MEMORY = _gauge("process_resident_memory_bytes", "Memory held; absent where there is no /proc.")
PROCESS_FDS = _gauge("process_open_fds", "Open file descriptors; absent where there is no /proc.")
PROCESS_MAX_FDS = _gauge("process_max_fds", "File descriptors that may be open.")

METRICS: Sequence[Metric] = tuple(one for one in list(globals().values()) if isinstance(one, Metric))
