"""The catalogue of what the log says: one dotted name for each kind of line, its levels and its meaning.

A problem that lasts is a warning when it starts, debug while it lasts, and info when it clears, with its
duration. A failed backup is a warning every time.
"""

from collections.abc import Mapping

from eliza_cloud.core import problems

AGENT_RESTARTING = "agent.restarting"
BACKUP_FAILED = "backup.failed"
BACKUP_FINAL_FAILED = "backup.final_failed"
BASE_URL_REFUSED = "cloud.base_url_refused"
CALLBACK_FAILED = "callback.failed"
CLOCK_JUMPED = "clock.jumped"
CLOUD_MOVED = "cloud.moved"
CREDITS_CRITICAL = "credits.critical"
CREDITS_LOW = "credits.low"
CREDITS_RECOVERED = "credits.recovered"
CREDITS_POLL_FAILED = "credits.poll_failed"
DESCRIPTORS_EXHAUSTED = "descriptors.exhausted"
EVENT_STREAM_LAGGING = "event_stream.lagging"
HEARTBEAT_MISSED = "heartbeat.missed"
HEARTBEAT_RECOVERED = "heartbeat.recovered"
JOURNAL_DAMAGED = "journal.damaged"
JOURNAL_FAILED = "journal.failed"
JOURNAL_RECOVERED = "journal.recovered"
KEY_NOT_REVOKED = "key.not_revoked"
KEY_REJECTED = "key.rejected"
KEY_REVOKED = "key.revoked"
KEY_UNVERIFIED = "key.unverified"
KEY_VERIFIED = "key.verified"
LINK_TRANSITION = "link.transition"
LINK_STALE = "link.stale"
LINK_STOP_FAILED = "link.stop_failed"
LINK_STOP_OVERDUE = "link.stop_overdue"
LOG_LEVEL_CHANGED = "log.level_changed"
LOGIN_RESUMES_AT_START = "login.resumes_at_start"
LOG_LINES_DROPPED = "log.lines_dropped"
LOGIN_KEY_NOT_REVOKED = "login.key_not_revoked"
LOGIN_KEY_ORPHANED = "login.key_orphaned"
LOGIN_KEY_REVOKED = "login.key_revoked"
LOGIN_RESUMED = "login.resumed"
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
SETTINGS_FILE_MISSING = "settings.file_missing"
SETTINGS_RESTART_REQUIRED = "settings.restart_required"
SETTINGS_READ = "settings.read"
SETTINGS_REFUSED = "settings.refused"
SETTINGS_UNKNOWN = "settings.unknown"
DATABASE_SET_ASIDE = "database.set_aside"
STATE_DIR_CLOSED = "state_dir.closed"
STATE_DIR_LOST = "state_dir.lost"
STATE_DIR_OPEN = "state_dir.open"
STORE_FAILED = "store.failed"
STORE_OVERDUE = "store.overdue"
STORE_RECOVERED = "store.recovered"
SYSTEMD_NOTIFY_FAILED = "systemd.notify_failed"
WATCHDOG_RESUMED = "watchdog.resumed"
WATCHDOG_UNRESPONSIVE = "watchdog.unresponsive"

#: Name to its levels and one sentence of what it means.
LOG_EVENTS: Mapping[str, str] = {
    AGENT_RESTARTING: "warning: The agent's sandbox is dead under a running record; the agent is restarted.",
    BACKUP_FAILED: "warning: A backup of the agent failed; `timer` says whether the next one is tried.",
    BACKUP_FINAL_FAILED: "warning: The final backup of a link that closes failed; the last one remains.",
    BASE_URL_REFUSED: f"error: {problems.BASE_URL_REFUSED.title}",
    CALLBACK_FAILED: "error: A function that the program subscribed raised what `exception` describes.",
    CLOCK_JUMPED: f"info: {problems.CLOCK_JUMPED.title}",
    CLOUD_MOVED: "info: The cloud sent the service to another of its hosts; `api` and `pages` are used now.",
    CREDITS_CRITICAL: f"warning: {problems.CREDITS_CRITICAL.title}",
    CREDITS_LOW: f"warning: {problems.CREDITS_LOW.title}",
    CREDITS_RECOVERED: "info: The balance is fine again.",
    CREDITS_POLL_FAILED: "debug: The balance could not be read; the next poll is as scheduled.",
    DESCRIPTORS_EXHAUSTED: f"warning: {problems.DESCRIPTORS_EXHAUSTED.title} Once a minute.",
    EVENT_STREAM_LAGGING: "warning, debug: A reader of the event stream is too slow and loses events.",
    HEARTBEAT_MISSED: "warning, debug: A heartbeat was not answered; debug from the second miss in a row on.",
    HEARTBEAT_RECOVERED: "info: Heartbeats are answered again, `duration_s` seconds after the first miss.",
    JOURNAL_DAMAGED: "warning: `count` entries of those that were asked for are damaged and left out.",
    JOURNAL_FAILED: "warning, debug: Events could not be written to the journal yet, and are kept.",
    JOURNAL_RECOVERED: "info: The journal can be written again, after `duration_s` seconds.",
    KEY_NOT_REVOKED: "warning, info: Signing out did not revoke the key; info where the cloud cannot.",
    KEY_REJECTED: "warning: The cloud refused the API key twice, so it is not used any more.",
    KEY_REVOKED: "info: Signing out revoked the key at the cloud.",
    KEY_UNVERIFIED: "warning, debug: The key could not be verified; debug from the second attempt on.",
    KEY_VERIFIED: "info: The key was verified, `duration_s` seconds after that first failed.",
    LINK_TRANSITION: "info, warning: The link changed its state; a warning where it was lost.",
    LINK_STALE: "debug: An event came from an epoch of the link that is over, and changed nothing.",
    LINK_STOP_FAILED: "warning: The link could not be closed cleanly while the service stopped.",
    LINK_STOP_OVERDUE: "warning: Closing the link took too long, so the service stopped without it.",
    LOG_LEVEL_CHANGED: "info: The log level was changed, `from` one `to` another.",
    LOGIN_RESUMES_AT_START: "info: The service stopped during a sign-in; its next start finishes it.",
    LOG_LINES_DROPPED: "warning: So many lines (`count`) were not logged, as nobody read the log.",
    LOGIN_KEY_NOT_REVOKED: "warning: The key of a cancelled sign-in could not be revoked at the cloud.",
    LOGIN_KEY_ORPHANED: "warning: A sign-in brought a key that nobody could keep; delete it by hand.",
    LOGIN_KEY_REVOKED: "info: The key of a cancelled sign-in was revoked at the cloud.",
    LOGIN_RESUMED: "info: A sign-in that was pending when the service ended is waited for again.",
    LOGIN_TRANSITION: "info: A sign-in went from one state to another.",
    LOGIN_POLL_FAILED: "warning, debug: Asking whether a sign-in is done failed; debug from the second on.",
    LOGIN_POLL_RECOVERED: "info: Asking whether a sign-in is done works again, after `duration_s` seconds.",
    MODELS_NOT_LISTED: "info: The models of the provider could not be listed; ours were.",
    RECONNECT_FAILED: "warning, debug: An attempt to restore the link failed; debug from the second one on.",
    REQUEST_ANSWERED: "info, debug: A request was answered (access log); debug for a read that went well.",
    REQUEST_FAILED: "error: A request failed by an internal error, described by `exception`.",
    REQUEST_MALFORMED: "debug: Something was received that is not a well-formed HTTP request.",
    ROUTING_RELOAD_FAILED: "warning: eliza.json cannot be read, so the routes stay as they were.",
    ROUTING_MIGRATED: "info: The older flags in eliza.json were rewritten as `serviceRouting`.",
    ROUTING_NOT_MIGRATED: "warning: The older flags in eliza.json apply, but could not be rewritten.",
    ROUTING_RECOVERED: "info: eliza.json can be read again, `duration_s` seconds after it first could not.",
    RUNTIME_CRASHED: "error: An internal error stopped the link runtime.",
    SERVICE_FAILED: "critical: The service ends by an internal error, described by `exception`.",
    SERVICE_START_FAILED: "error: The service cannot run; `cause` and `detail` say why.",
    SERVICE_STARTED: "info: The service listens at `urls`.",
    SERVICE_STOPPING: "info: The service received a signal to stop.",
    SETTINGS_FILE_MISSING: f"warning: {problems.CONFIG_FILE_MISSING.title}",
    SETTINGS_RESTART_REQUIRED: "warning: `cloud.baseUrl` was changed; it takes effect after a restart.",
    SETTINGS_READ: "info: The settings were reloaded and are in effect.",
    SETTINGS_REFUSED: "error: The settings were read again and are wrong, so the old ones stay.",
    SETTINGS_UNKNOWN: f"warning: {problems.SETTINGS_UNKNOWN.title}",
    DATABASE_SET_ASIDE: f"warning: {problems.DATABASE_SET_ASIDE.title}",
    STATE_DIR_CLOSED: "warning: The state directory let others write in it; its mode is 0700 now.",
    STATE_DIR_LOST: f"error: {problems.STATE_DIR_LOST.title}",
    STATE_DIR_OPEN: f"warning: {problems.STATE_DIR_OPEN.title}",
    STORE_FAILED: "error, debug: What is named in `what` could not be written to the state directory.",
    STORE_OVERDUE: "warning: A write to the state directory hung, so the service stopped without it.",
    STORE_RECOVERED: "info: The state directory can be written again, after `duration_s` seconds.",
    SYSTEMD_NOTIFY_FAILED: "warning, debug: sd_notify failed.",
    WATCHDOG_RESUMED: "info: The link's consumer answers again, `duration_s` seconds after it first did not.",
    WATCHDOG_UNRESPONSIVE: "warning, debug: The link's consumer does not answer; systemd gets no heartbeat.",
}
