"""What only commands meet: the service they ask, their arguments, their files."""

from eliza_cloud.core.problems.access import SERVICE_NOT_RUNNING, UNAUTHORIZED
from eliza_cloud.core.problems.cloud import INVALID_RESPONSE
from eliza_cloud.core.problems.definition import AS_THE_SENTENCE_SAYS, Action, ProblemType

_ADDRESS = "Check --url, ELIZA_API_BIND, ELIZA_API_PORT and ELIZA_PORT."
_OTHER_FILE = "name another file with --token-file."

FAILED = ProblemType(
    code="failed",
    title="The command failed for the reason in its sentence.",
    remedy=AS_THE_SENTENCE_SAYS,
    sentence="{what}",
    examples={"what": "The demo could not start."},
)

BAD_URL = ProblemType(
    code="bad_url",
    title="The service's address is not an http URL with a valid port.",
    remedy=_ADDRESS,
    sentence="Invalid URL: {url}: an http address with a valid port is needed.",
)
BINDING_UNUSABLE = BAD_URL.worded("Invalid service address.")
URL_WITH_PASSWORD = BAD_URL.worded(
    "The service's address must not hold a user name or password.",
    "Give the token in ELIZA_API_TOKEN or with --token-file.",
)

TOKEN_UNREADABLE = ProblemType(
    code="token_unreadable",
    title="The token file or variable cannot be read, or holds no usable token.",
    remedy=f"Run the command as the service's user, or {_OTHER_FILE}",
    sentence="The token file {path} cannot be read: {reason}.",
    examples={"reason": "permission denied"},
)
TOKEN_EMPTY = TOKEN_UNREADABLE.worded(
    "The token file {path} is empty.", f"Restart the service, which writes it, or {_OTHER_FILE}"
)
TOKEN_UNUSABLE = TOKEN_UNREADABLE.worded(
    "{source} holds no usable token.", "A token is one line of printable ASCII characters without blanks."
)

SERVICE_ABSENT = SERVICE_NOT_RUNNING.worded("No eliza-cloud service is running at {url}.")

SERVICE_TIMEOUT = ProblemType(
    code="service_timeout",
    title="The service did not answer in time.",
    remedy="Try again; if it keeps happening, `eliza-cloud doctor` says why.",
    sentence="The service at {url} did not answer within {seconds} s.",
)

CONNECTION_LOST = ProblemType(
    code="connection_lost",
    title="The service closed the connection.",
    remedy="Its log says why; `eliza-cloud status` shows how far it got.",
    sentence="The service at {url} closed the connection.",
)
STREAM_ENDED = CONNECTION_LOST.worded("The service ended the stream.")

NOT_OUR_SERVICE = ProblemType(
    code="not_our_service",
    title="What answers at the address is another program.",
    remedy="Name the right address with --url.",
    sentence="What answers at {url} is not an eliza-cloud service.",
)

RESPONSE_NOT_UNDERSTOOD = INVALID_RESPONSE.worded(
    "The answer of {url} is not what this command expects ({found}).",
    "See that the service is an eliza-cloud of the same version as this command.",
)

LINK_NOT_ANSWERING = ProblemType(
    code="link_not_answering",
    title="The service answers, but its link runtime is unresponsive.",
    remedy="Restart the service; its log says what stopped the link.",
    action=Action.RESTART_SERVICE,
)

NO_AGENT = ProblemType(
    code="no_agent",
    title="No agent is connected, and none was named.",
    remedy="Connect one with `eliza-cloud agents connect AGENT`.",
    action=Action.CONNECT,
)

UNKNOWN_AGENT = ProblemType(
    code="unknown_agent",
    title="No agent has this name, or an id that begins so.",
    remedy="`eliza-cloud agents list` shows those there are.",
    sentence="No agent is called {name}.{hint}",
    examples={"hint": " Did you mean ada?"},
)

AMBIGUOUS_AGENT = ProblemType(
    code="ambiguous_agent",
    title="Several agents have this name, or ids that begin so.",
    remedy="Use the id of the one you mean.",
    sentence="{number} agents are called {name}: {ids}.",
    examples={"number": "2", "ids": "a, b"},
)
ID_OF_SEVERAL = AMBIGUOUS_AGENT.worded(
    "{number} agents have ids that begin with {name}: {ids}.", examples={"number": "2", "ids": "a, b"}
)

UNKNOWN_BACKUP = ProblemType(
    code="unknown_backup",
    title="The agent has no backup with this id, or one that begins so.",
    remedy="`eliza-cloud backups list` shows those there are.",
    sentence="There is no backup whose id begins with {id}.",
    examples={"id": "7777"},
)
AMBIGUOUS_BACKUP = ProblemType(
    code="ambiguous_backup",
    title="Several backups have ids that begin so.",
    remedy="Give more of the id of the one you mean.",
    sentence="{number} backups have ids that begin with {id}: {ids}.",
    examples={"number": "2", "id": "7777", "ids": "a, b"},
)

NO_UNIT = ProblemType(
    code="no_unit",
    title="systemd runs no unit eliza-cloud.service here.",
    remedy="Look where the service's standard error goes; `eliza-cloud service unit` prints a unit.",
)
LOG_UNREADABLE = ProblemType(
    code="log_unreadable",
    title="The service's log cannot be shown.",
    remedy="Run the command as root, or as a user who may read the log.",
    sentence="The service's log cannot be shown with {program}: {reason}.",
    examples={"program": "journalctl", "reason": "it ended with 1"},
)

BUNDLE_UNWRITTEN = ProblemType(
    code="bundle_unwritten",
    title="The bundle's file cannot be written.",
    remedy="Name another file with --output.",
    sentence="{path} cannot be written: {reason}.",
    examples={"reason": "permission denied"},
)

WAIT_TIMEOUT = ProblemType(
    code="wait_timeout",
    title="The state that was waited for was not reached in time.",
    remedy="`eliza-cloud explain` says what prevents it.",
    sentence="Timed out{after} waiting for {state}. {found}",
    examples={"after": " after 30 s", "state": "connected", "found": "The link is reconnecting."},
)

REPLAY_DIVERGED = ProblemType(
    code="replay_diverged",
    title="A recorded transition leads to another state on replay.",
    remedy="Report it with the journal, if both were made by the same version.",
    sentence="{what}",
    examples={"what": "Entry 7 differs."},
)

JOURNAL_UNREADABLE = ProblemType(
    code="journal_unreadable",
    title="A line of the file is not a journal entry.",
    remedy="Record one with `eliza-cloud events --json`, by the same version as this command.",
    sentence="Line {number}: invalid journal entry: {reason}",
    examples={"number": "3", "reason": "invalid character"},
)

ABORTED = ProblemType(
    code="aborted",
    title="The confirmation was declined.",
    remedy="Run it again and confirm, or add --yes.",
    sentence="Nothing was deleted.",
)

TOKEN_REFUSED = UNAUTHORIZED.worded(
    "The service refuses the token.", f"Set ELIZA_API_TOKEN, or {_OTHER_FILE}"
)
