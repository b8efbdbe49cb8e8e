"""What the link does, counted as it is heard."""

from eliza_cloud.core.link import events
from eliza_cloud.core.link.table import ROWS, Proceed
from eliza_cloud.core.login.machine import OVER
from eliza_cloud.core.statechart import Outcome
from eliza_cloud.core.states import LinkState
from eliza_cloud.ops.metrics import definitions as m
from eliza_cloud.ops.metrics.instruments import Registry, counter, gauge, histogram
from eliza_cloud.runtime.observers import LoginStepRecord, Observer, StepRecord


class LinkMetrics(Observer):
    """Counts events and transitions, heartbeats, tries, backups, sign-ins, and how long the queue takes."""

    def __init__(self, registry: Registry) -> None:
        self._events = counter(m.EVENTS, registry)
        self._transitions = counter(m.TRANSITIONS, registry)
        for row in ROWS:  # each begins at 0, so that the first transition is a rise, too
            if row.dest is not None and row.event is not Proceed:
                for source in row.sources:
                    self._transitions.labels(source.value, row.dest.value, row.event.__name__)
        self._heartbeats = counter(m.HEARTBEATS, registry, "answered", "missed")
        self._heartbeat_time = histogram(m.HEARTBEAT_TIME, registry)
        self._attempts = counter(m.RECONNECT_ATTEMPTS, registry, "succeeded", "failed", "final")
        self._backups = counter(m.BACKUPS, registry, "taken", "failed", "refused")
        self._backup_time = histogram(m.BACKUP_TIME, registry)
        self._backup_size = gauge(m.BACKUP_SIZE, registry)
        self._logins = counter(m.LOGINS, registry, *(state.value for state in OVER))
        self._wait = histogram(m.QUEUE_WAIT, registry)
        self._handling = histogram(m.QUEUE_HANDLING, registry)

    def on_step(self, record: StepRecord) -> None:
        """Count an event of the link."""
        name, step = type(record.event).__name__, record.step
        self._events.labels(name, step.outcome.value).inc()
        for source, target in step.moves:
            self._transitions.labels(source.value, target.value, name).inc()
        if step.outcome is Outcome.MOVED or step.outcome is Outcome.STAYED:
            self._count(record.event, record.before.state)

    def on_login_step(self, record: LoginStepRecord) -> None:
        """Count the end of a sign-in."""
        for _, target in record.step.moves:
            if target in OVER:
                self._logins.labels(target.value).inc()

    def on_event_handled(self, kind: str, waited: float, took: float) -> None:  # noqa: ARG002 - one series for all
        """Note how long the queue took."""
        self._wait.observe(waited)
        self._handling.observe(took)

    def _count(self, event: events.Event, state: LinkState) -> None:
        match event:
            case events.HeartbeatAnswered(took=took):
                self._heartbeats.labels("answered").inc()
                if took is not None:
                    self._heartbeat_time.observe(took)
            case events.HeartbeatMissed():
                self._heartbeats.labels("missed").inc()
            case events.Reconnected():
                self._attempts.labels("succeeded").inc()
            case events.ReconnectFailed():
                self._attempts.labels("failed").inc()
            case events.AgentGone() | events.CreditsExhausted() | events.KeyRejected():
                if state is LinkState.RECONNECTING:
                    self._attempts.labels("final").inc()
            case events.BackupTaken():
                self._backup_taken(event)
            case events.BackupFailed(refused=refused):
                self._backups.labels("refused" if refused else "failed").inc()

    def _backup_taken(self, event: events.BackupTaken) -> None:
        self._backups.labels("taken").inc()
        if event.took is not None:
            self._backup_time.observe(event.took)
        if event.size is not None:
            self._backup_size.set(event.size)
