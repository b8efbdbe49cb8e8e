"""The agent, its jobs and its replies."""

from eliza_cloud.core.problems.cloud import INVALID_RESPONSE
from eliza_cloud.core.problems.definition import IN_A_MOMENT, Action, ProblemType, Severity

_INCOMPLETE = (
    "What was received is not a complete reply; check the agent's status and send the message again."
)
_SEND_AGAIN = "Send the message again."

AGENT_UNREACHABLE = ProblemType(
    code="agent_unreachable",
    statuses=(502,),
    title="The agent's sandbox does not answer.",
    remedy="The service tries to start it again; `eliza-cloud agents connect` tries at once.",
    sentence="The agent does not answer: {said}.",
    action=Action.CONNECT,
    retryable=True,
    lasts=True,
    examples={"said": "Sandbox is not running"},
)
AGENT_NOT_UP = AGENT_UNREACHABLE.worded(
    "The agent is {agent_status}, not running, although the cloud provisioned it."
)
AGENT_NOT_RESUMED = AGENT_UNREACHABLE.worded(
    "The agent was resumed, but it is {agent_status}.", "Try again, or connect to it."
)
AGENT_STOPPED = AGENT_UNREACHABLE.worded("{name} does not run; Eliza Cloud says: {agent_status}.")
AGENT_STARTING = AGENT_UNREACHABLE.worded(
    "{name} is still being started.",
    "Wait a minute or two and look again; a cold start may take up to 15 minutes.",
)

AGENT_TIMEOUT = ProblemType(
    code="agent_timeout",
    statuses=(504,),
    title="The agent took too long; it may still be working.",
    remedy="Check the conversation before you send the message once more.",
    sentence="The agent has not replied within {seconds} s. It may still be working on it.",
)

AGENT_GONE = ProblemType(
    code="agent_gone",
    title="The agent was deleted at Eliza Cloud.",
    remedy="Connect to another one with `eliza-cloud agents connect`; `eliza-cloud agents list` shows them.",
    sentence="Eliza Cloud has no agent {agent_id}.",
    action=Action.CONNECT,
    lasts=True,
)

AGENT_SUSPENDED = ProblemType(
    code="agent_suspended",
    statuses=(409,),
    title="The agent is stopped at Eliza Cloud, and not by this service.",
    remedy="Start it with `eliza-cloud agents resume`; the link is restored by that.",
    sentence="{name} is {agent_status} at Eliza Cloud, so it is not started again.",
    severity=Severity.WARNING,
    action=Action.RESUME,
    lasts=True,
)

AGENT_NOT_RUNNING = ProblemType(
    code="agent_not_running",
    statuses=(503,),
    title="No agent is connected.",
    remedy="Connect one with `eliza-cloud agents connect`.",
    sentence="Agent is not running",
    action=Action.CONNECT,
)

CONFLICT = ProblemType(
    code="conflict",
    statuses=(409,),
    title="The agent's present state does not allow it.",
    remedy="Check the agent's status with `eliza-cloud agents list`, then try again.",
    sentence="Eliza Cloud cannot do this in the agent's present state: {said}.",
    examples={"said": "Sandbox is not running"},
)

SHARED_AGENT = ProblemType(
    code="shared_agent",
    statuses=(409,),
    title="The agent is a shared one, without a container of its own.",
    remedy="`eliza-cloud agents upgrade` shows what one of its own costs.",
    sentence="The agent is a shared one, which cannot do this: {said}.",
    examples={"said": "Agent restore requires a container-backed execution tier"},
)

JOB_FAILED = ProblemType(
    code="job_failed",
    statuses=(502,),
    title="The cloud job failed.",
    remedy="Try again; if it keeps failing, look at the agent on the website.",
    sentence="The cloud job failed after its last attempt: {said}.",
    retryable=True,
    examples={"said": "no capacity"},
)

STREAM_TRUNCATED = ProblemType(
    code="stream_truncated",
    statuses=(502,),
    title="The agent's reply ended before it was complete.",
    remedy=_INCOMPLETE,
    sentence="The agent's reply was cut off before its end.",
)

STREAM_FAILED = ProblemType(
    code="stream_failed",
    statuses=(502,),
    title="The agent reported a failure instead of a reply.",
    remedy=_SEND_AGAIN,
    sentence="The agent's reply failed: {said}.",
    examples={"said": "out of memory"},
)

COMPLETION_EMPTY = STREAM_FAILED.worded(
    "The completion is empty, which is how Eliza Cloud shows that its provider failed.",
    "Send the request again, or choose another model.",
)

STREAM_TIMEOUT = ProblemType(
    code="stream_timeout",
    statuses=(504,),
    title="The agent's reply stopped coming.",
    remedy=_INCOMPLETE,
)

STREAM_INVALID = INVALID_RESPONSE.worded(
    "The agent's reply broke off: {reason}.", _INCOMPLETE, retryable=False
)

BACKUP_REFUSED = ProblemType(
    code="backup_refused",
    title="Eliza Cloud takes no backups of this agent.",
    remedy="An agent of the shared tier cannot be backed up; move to a dedicated one if its memory matters.",
    severity=Severity.WARNING,
    lasts=True,
)

BACKUP_OVERDUE = ProblemType(
    code="backup_overdue",
    title="The last backup is older than three intervals.",
    remedy="Take one with `eliza-cloud backups take`; its error says what prevents it.",
    severity=Severity.WARNING,
    action=Action.TAKE_BACKUP,
    lasts=True,
)

BACKUP_TOO_LARGE = ProblemType(
    code="backup_too_large",
    title="The agent's backups are larger than 1 MiB: restoring one ends the agent, every time.",
    remedy="Have the agent keep less, or move it to a newer server of Eliza Cloud; keep an older backup for a"
    " restore.",
    sentence="The last backup has {size} bytes; a start that restores it ends the agent.",
    severity=Severity.WARNING,
    lasts=True,
    examples={"size": "1300000"},
)

RESTORE_ENDS_AGENT = ProblemType(
    code="restore_ends_agent",
    statuses=(409,),
    title="The backup is larger than 1 MiB: restoring it ends the agent, every time.",
    remedy="Restore a smaller one (`eliza-cloud backups list`), or accept that the agent does not run again"
    " (`acceptAgentLoss`).",
    sentence="The backup has {size} bytes, and an agent of this cloud does not survive one of more than"
    " {limit}, so it was not restored.",
    examples={"size": "1300000", "limit": "1048576"},
)

AGENT_NOT_READY = ProblemType(
    code="agent_not_ready",
    statuses=(503,),
    title="The agent's runtime is still starting.",
    remedy=IN_A_MOMENT,
    retryable=True,
    lasts=True,
)

REPLY_FAILED = ProblemType(
    code="reply_failed",
    statuses=(502,),
    title="The agent gave no reply of its own.",
    remedy="Send the message again; if it keeps failing, check the agent's model and the account's balance.",
    sentence="The agent did not reply: {said}.",
    examples={"said": "it sent an empty reply"},
)

MESSAGE_TOO_LARGE = ProblemType(
    code="message_too_large",
    statuses=(413,),
    title="The message is larger than an agent can receive.",
    remedy="Send a shorter one.",
    sentence="The message has {size} bytes with its envelope, and an agent's process ends at more than"
    " {limit}, so it was not sent.",
    examples={"size": "1048600", "limit": "1048576"},
)

SESSION_NOT_READY = ProblemType(
    code="session_not_ready",
    statuses=(409,),
    title="Another job of the agent is in progress at Eliza Cloud.",
    remedy="Try again when that job has ended.",
    sentence="Eliza Cloud is not ready for this: {said}.",
    retryable=True,
    examples={"said": "Agent a1b2 has conflicting agent_suspend job c3d4"},
)

PROVISION_ENQUEUE_FAILED = ProblemType(
    code="provision_enqueue_failed",
    statuses=(502,),
    title="Eliza Cloud did not schedule the agent's start.",
    remedy="Try again in a moment; another job of the agent may be in progress.",
    sentence="Eliza Cloud did not schedule the agent's start: {said}.",
    retryable=True,
    examples={"said": "Failed to enqueue provisioning"},
)

PROVISIONING_WORKER_DOWN = ProblemType(
    code="provisioning_worker_down",
    statuses=(503,),
    title="The part of Eliza Cloud that starts and stops agents is down.",
    remedy="Wait until Eliza Cloud has restored it.",
    sentence="Eliza Cloud cannot start or stop agents now: {said}.",
    retryable=True,
    lasts=True,
    examples={"said": "Provisioning worker is unhealthy"},
)

JOB_RETRIED = ProblemType(
    code="job_retried",
    title="The job that starts the agent has failed, and Eliza Cloud tries it again.",
    remedy="Wait until Eliza Cloud has made its last attempt; what failed tells what to change.",
    sentence="Attempts so far: {attempts}; the last error: {said}.",
    severity=Severity.WARNING,
    lasts=True,
    examples={"attempts": "1", "said": "no capacity"},
)

START_UNDER_WAY = ProblemType(
    code="start_under_way",
    title="The link waits until the agent has started.",
    remedy="Nothing has to be done; a cold start takes some minutes.",
    sentence="Attempts of its job so far: {attempts}.",
    severity=Severity.INFO,
    lasts=True,
    examples={"attempts": "1"},
)

JOB_NOT_BEGUN = START_UNDER_WAY.worded("Eliza Cloud has not begun its job yet.")

JOB_SKIPPED = ProblemType(
    code="job_skipped",
    statuses=(409,),
    title="Eliza Cloud ended the job without doing anything.",
    remedy="Check the agent's status with `eliza-cloud agents list`.",
    sentence="Eliza Cloud ended the job without doing anything: {said}.",
    examples={"said": "lifecycle_changed"},
)

DELETE_NEEDS_BACKUP = ProblemType(
    code="delete_needs_backup",
    statuses=(409,),
    title="Eliza Cloud did not delete the agent, because it could not back its state up first.",
    remedy="The agent stays and keeps costing. Try again, or delete it without a backup by accepting that its"
    " state is lost (`acceptStateLoss`).",
    sentence="Eliza Cloud did not delete the agent: {said}.",
    examples={"said": "Refusing to delete without a current backup"},
)
