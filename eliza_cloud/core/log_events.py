"""The catalogue of what the log says: one dotted name for each kind of line, its levels and its meaning.

A trouble that lasts is a warning at its first sign, debug while it goes on, and info when it is over, with
how long it lasted. A failed backup is a warning every time.
"""

from collections.abc import Mapping

BACKUP_FAILED = "backup.failed"
BACKUP_FINAL_FAILED = "backup.final_failed"
BASE_URL_REFUSED = "cloud.base_url_refused"
CALLBACK_FAILED = "callback.failed"
CLOCK_JUMPED = "clock.jumped"
CREDITS_CRITICAL = "credits.critical"
CREDITS_LOW = "credits.low"
CREDITS_RECOVERED = "credits.recovered"
CREDITS_POLL_FAILED = "credits.poll_failed"
EVENT_STREAM_LAGGING = "event_stream.lagging"
HEARTBEAT_MISSED = "heartbeat.missed"
HEARTBEAT_RECOVERED = "heartbeat.recovered"
JOURNAL_FAILED = "journal.failed"
JOURNAL_RECOVERED = "journal.recovered"
KEY_REJECTED = "key.rejected"
KEY_UNVERIFIED = "key.unverified"
KEY_VERIFIED = "key.verified"
LINK_TRANSITION = "link.transition"
LINK_STALE = "link.stale"
LINK_STOP_FAILED = "link.stop_failed"
LINK_STOP_OVERDUE = "link.stop_overdue"
LOG_LEVEL_CHANGED = "log.level_changed"
LOGIN_RESUMES_AT_START = "login.resumes_at_start"
LOGIN_KEY_NOT_REVOKED = "login.key_not_revoked"
LOGIN_KEY_ORPHANED = "login.key_orphaned"
LOGIN_KEY_REVOKED = "login.key_revoked"
LOGIN_TRANSITION = "login.transition"
LOGIN_POLL_FAILED = "login.poll_failed"
LOGIN_POLL_RECOVERED = "login.poll_recovered"
MODELS_NOT_LISTED = "models.not_listed"
RECONNECT_FAILED = "reconnect.failed"
REQUEST_ANSWERED = "request.answered"
REQUEST_FAILED = "request.failed"
REQUEST_MALFORMED = "request.malformed"
ROUTING_RELOAD_FAILED = "routing.reload_failed"
ROUTING_MIGRATED = "routing.migrated"
ROUTING_NOT_MIGRATED = "routing.not_migrated"
ROUTING_RECOVERED = "routing.recovered"
RUNTIME_CRASHED = "runtime.crashed"
SERVICE_FAILED = "service.failed"
SERVICE_START_FAILED = "service.start_failed"
SERVICE_STARTED = "service.started"
SERVICE_STOPPING = "service.stopping"
SETTINGS_RESTART_REQUIRED = "settings.restart_required"
SETTINGS_READ = "settings.read"
SETTINGS_REFUSED = "settings.refused"
SETTINGS_UNKNOWN = "settings.unknown"
STORE_FAILED = "store.failed"
STORE_RECOVERED = "store.recovered"
SYSTEMD_NOTIFY_FAILED = "systemd.notify_failed"
WATCHDOG_RESUMED = "watchdog.resumed"
WATCHDOG_UNRESPONSIVE = "watchdog.unresponsive"

#: Name to its levels and one sentence of what it means.
LOG_EVENTS: Mapping[str, str] = {
    BACKUP_FAILED: "warning: A backup of the agent failed; `timer` says whether the next one is tried.",
    BACKUP_FINAL_FAILED: "warning: The backup that closing the link ends with failed; the last one stands.",
    BASE_URL_REFUSED: "error: The address of the cloud is refused, so nothing is sent to it.",
    CALLBACK_FAILED: "error: A function that the program subscribed raised what `exception` describes.",
    CLOCK_JUMPED: "info: The machine slept, or its clock was set; everything is checked at once.",
    CREDITS_CRITICAL: "warning: The balance became so low that the agent is about to be stopped.",
    CREDITS_LOW: "warning: The balance became low.",
    CREDITS_RECOVERED: "info: The balance is fine again.",
    CREDITS_POLL_FAILED: "debug: The balance could not be read and is read again in its turn.",
    EVENT_STREAM_LAGGING: "warning, debug: A reader of the event stream is too slow and loses events.",
    HEARTBEAT_MISSED: "warning, debug: A heartbeat was not answered; debug from the second miss in a row on.",
    HEARTBEAT_RECOVERED: "info: Heartbeats are answered again, `duration_s` seconds after the first miss.",
    JOURNAL_FAILED: "warning, debug: Events could not be written to the journal yet, and are kept.",
    JOURNAL_RECOVERED: "info: The journal can be written again, after `duration_s` seconds.",
    KEY_REJECTED: "warning: The cloud refused the API key twice, so it does not count any more.",
    KEY_UNVERIFIED: "warning, debug: Whose key it is could not be found out; debug from the second try on.",
    KEY_VERIFIED: "info: Whose key it is was found out, `duration_s` seconds after that first failed.",
    LINK_TRANSITION: "info, warning: The link changed its state; a warning where it was lost.",
    LINK_STALE: "debug: An event came from an epoch of the link that is over, and changed nothing.",
    LINK_STOP_FAILED: "warning: The link could not be closed in order while the service stopped.",
    LINK_STOP_OVERDUE: "warning: Closing the link took too long, so the service stopped without it.",
    LOG_LEVEL_CHANGED: "info: How much the log tells was changed, `from` one level `to` another.",
    LOGIN_RESUMES_AT_START: "info: The service stopped during a sign-in; its next start finishes it.",
    LOGIN_KEY_NOT_REVOKED: "warning: The key of a given-up sign-in could not be revoked at the cloud.",
    LOGIN_KEY_ORPHANED: "warning: A sign-in brought a key that nobody could keep; delete it by hand.",
    LOGIN_KEY_REVOKED: "info: The key of a given-up sign-in was revoked at the cloud.",
    LOGIN_TRANSITION: "info: A sign-in went from one state to another.",
    LOGIN_POLL_FAILED: "warning, debug: Asking whether a sign-in is done failed; debug from the second on.",
    LOGIN_POLL_RECOVERED: "info: Asking whether a sign-in is done works again, after `duration_s` seconds.",
    MODELS_NOT_LISTED: "info: The models of the provider could not be listed; ours were.",
    RECONNECT_FAILED: "warning, debug: A try to restore the link failed; debug from the second one on.",
    REQUEST_ANSWERED: "info, debug: A request was answered (access log); debug for a probe that went well.",
    REQUEST_FAILED: "error: A request failed by a fault of the service, described by `exception`.",
    REQUEST_MALFORMED: "debug: What came was no well-formed HTTP request.",
    ROUTING_RELOAD_FAILED: "warning: eliza.json cannot be read, so the routes stay as they were.",
    ROUTING_MIGRATED: "info: The older flags in eliza.json were rewritten as `serviceRouting`.",
    ROUTING_NOT_MIGRATED: "warning: The older flags in eliza.json count, but could not be rewritten.",
    ROUTING_RECOVERED: "info: eliza.json can be read again, `duration_s` seconds after it first could not.",
    RUNTIME_CRASHED: "error: A task of the link ended by a fault of the service, and the link with it.",
    SERVICE_FAILED: "critical: The service ends by a fault of its own, described by `exception`.",
    SERVICE_START_FAILED: "error: The service cannot run; `cause` and `detail` say what stands in its way.",
    SERVICE_STARTED: "info: The service listens at `urls`.",
    SERVICE_STOPPING: "info: The service was told to stop and does so.",
    SETTINGS_RESTART_REQUIRED: "warning: A changed `cloud.baseUrl` was read; it counts after a restart.",
    SETTINGS_READ: "info: The settings were read again and count from now on.",
    SETTINGS_REFUSED: "error: The settings were read again and are wrong, so the old ones stay.",
    SETTINGS_UNKNOWN: "warning: A setting in eliza.json is not known and has no effect.",
    STORE_FAILED: "error, debug: What is named in `what` could not be written to the state directory.",
    STORE_RECOVERED: "info: The state directory can be written again, after `duration_s` seconds.",
    SYSTEMD_NOTIFY_FAILED: "warning, debug: systemd could not be told how the service is.",
    WATCHDOG_RESUMED: "info: The link's consumer answers again, `duration_s` seconds after it first did not.",
    WATCHDOG_UNRESPONSIVE: "warning, debug: The link's consumer does not answer; systemd gets no heartbeat.",
}
