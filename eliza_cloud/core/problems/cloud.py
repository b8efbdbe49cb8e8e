"""Reaching Eliza Cloud, and what it answers."""

from eliza_cloud.core.problems.definition import IN_A_MOMENT, Action, ProblemType
from eliza_cloud.core.problems.request import INVALID_REQUEST

_CHECK_BASE_URL = "Check `cloud.baseUrl` and ELIZAOS_CLOUD_BASE_URL."
_LOOK_FIRST = "Check what came of it before you try again."
_UNLESS_RETRIED = (
    "Where the service does not try again by itself (`eliza-cloud explain` says whether), connect with"
    " `eliza-cloud agents connect`."
)

BASE_URL_REFUSED = ProblemType(
    code="base_url_refused",
    statuses=(400,),
    title="The address of the cloud is refused, so nothing is sent to it.",
    remedy="Correct `cloud.baseUrl` or ELIZAOS_CLOUD_BASE_URL and restart the service.",
    sentence="The cloud base URL is refused: {reason}.",
    action=Action.EDIT_SETTINGS,
    lasts=True,
    examples={"reason": "it does not start with https://"},
)

CLOUD_ADDRESS_REFUSED = BASE_URL_REFUSED.worded(
    "The cloud base URL is refused: {reason}. No connection was made.",
    examples={"reason": "cloud.example.com leads to 127.0.0.1, which is a loopback address"},
)
PAGES_URL_REFUSED = BASE_URL_REFUSED.worded(
    "The URL of the cloud's pages is refused: {reason}.",
    "Set cloud.pagesUrl to the https address of your cloud's web pages, or leave it out: it belongs to"
    " cloud.baseUrl.",
)

CLOUD_NAME_NOT_FOUND = ProblemType(
    code="cloud_name_not_found",
    statuses=(502,),
    title="The name of the cloud cannot be looked up.",
    remedy="Check this machine's network and name servers, and `cloud.baseUrl` for a typing mistake.",
    sentence="The name {host} could not be found, so Eliza Cloud was not reached.",
    retryable=True,
    lasts=True,
)
LOOKUP_TOO_SLOW = CLOUD_NAME_NOT_FOUND.worded("{host} could not be looked up within {seconds} seconds.")

CLOUD_UNREACHABLE = ProblemType(
    code="cloud_unreachable",
    statuses=(502,),
    title="Eliza Cloud cannot be reached.",
    remedy=f"Check this machine's network; if that works, wait until the cloud is back. {_UNLESS_RETRIED}",
    sentence="Eliza Cloud at {site} {reason}.",
    retryable=True,
    lasts=True,
    examples={"reason": "refused the connection"},
)

CLOCK_WRONG = ProblemType(
    code="clock_wrong",
    statuses=(502,),
    title="By this machine's clock the cloud's certificate is not valid: most likely the clock is wrong.",
    remedy="Set the clock, best by switching its synchronisation on (`timedatectl set-ntp true`). If it is"
    " right, the cloud's certificate has run out; `eliza-cloud doctor` shows which.",
    sentence="No trusted TLS connection to {site}: {reason}.",
    retryable=True,
    lasts=True,
    examples={"reason": "certificate has expired"},
)
CLOCK_OFF = CLOCK_WRONG.worded(
    "This machine's clock is {apart}.", examples={"apart": "3 hours ahead of the cloud's"}
)

CLOUD_TLS_FAILED = ProblemType(
    code="cloud_tls_failed",
    statuses=(502,),
    title="What answers at the cloud's address cannot prove that it is the cloud.",
    remedy="Check this machine's clock and certificates, and that nothing on the network intercepts the"
    " connection.",
    sentence="Eliza Cloud at {site} could not be trusted over TLS: {reason}.",
    retryable=True,
    lasts=True,
    examples={"reason": "self-signed certificate"},
)
CERTIFICATE_OUT_OF_DATE = CLOUD_TLS_FAILED.worded(
    "{reason} This machine's clock is right.",
    "Eliza Cloud has to renew it; if others get through, something on this network intercepts it.",
    examples={"reason": "The certificate has expired."},
)

CLOUD_SERVER_ERROR = ProblemType(
    code="cloud_server_error",
    statuses=(502,),
    title="Eliza Cloud answers, but not as it should.",
    remedy=f"Wait until Eliza Cloud works again. {_UNLESS_RETRIED}",
    sentence="Eliza Cloud returned a server error (HTTP {http_status}): {said}.",
    retryable=True,
    lasts=True,
    examples={"http_status": "500", "said": "Internal server error"},
)
CLOUD_REPORTED_FAILURE = CLOUD_SERVER_ERROR.worded(
    "Eliza Cloud reported a failure: {said}.", IN_A_MOMENT, retryable=False
)
CLOUD_FAILS_EVERYWHERE = CLOUD_SERVER_ERROR.worded(
    "Eliza Cloud at {site} fails on every path where agents could be.", IN_A_MOMENT
)

CLOUD_TIMEOUT = ProblemType(
    code="cloud_timeout",
    statuses=(504,),
    title="Eliza Cloud took too long.",
    remedy=_LOOK_FIRST,
    sentence="Eliza Cloud did not answer within {seconds} seconds.",
    retryable=True,
)
CLOUD_SILENT = CLOUD_TIMEOUT.worded("Eliza Cloud at {site} took too long to answer.")
CALL_TOO_SLOW = CLOUD_TIMEOUT.worded("Eliza Cloud did not finish this within {minutes} minutes.")
AGENT_START_TOO_SLOW = CLOUD_TIMEOUT.worded(
    "The agent did not come up within {minutes} minutes.",
    "Look at its status with `eliza-cloud agents list`.",
)
BACKUP_TOO_SLOW = CLOUD_TIMEOUT.worded(
    "Eliza Cloud did not finish the backup within {minutes} minutes.", "The next one is taken as scheduled."
)
FINAL_BACKUP_TOO_SLOW = CLOUD_TIMEOUT.worded(
    "Eliza Cloud did not take the final backup within {seconds} seconds.",
    "The last one before it remains.",
    retryable=False,
)

INVALID_RESPONSE = ProblemType(
    code="invalid_response",
    statuses=(502,),
    title="A response is not what its contract says.",
    remedy=f"Try again; if it keeps happening, it may not fit this version. {_CHECK_BASE_URL}",
    sentence="Eliza Cloud gave an unexpected response: {what}.",
    retryable=True,
    examples={"what": "the agent has no id"},
)
RESPONSE_NOT_JSON = INVALID_RESPONSE.worded(
    "Eliza Cloud answered with something that is not JSON.",
    "Check that the cloud base URL is right, and that no sign-in page of the network answers instead.",
)
RESPONSE_TOO_LARGE = INVALID_RESPONSE.worded(
    "Eliza Cloud sent more than {size} MiB.", _CHECK_BASE_URL, examples={"size": "16"}
)
RESPONSE_NOT_HTTP = INVALID_RESPONSE.worded("What answers at {site} does not speak HTTP.", _CHECK_BASE_URL)
RESPONSE_UNEXPECTED_STATUS = INVALID_RESPONSE.worded(
    "Eliza Cloud answered HTTP {http_status}, which this call does not expect: {said}.",
    _CHECK_BASE_URL,
    retryable=False,
)
NOT_ELIZA_CLOUD = INVALID_RESPONSE.worded(
    "What answers at {site} is not an Eliza Cloud ({found}).",
    f"{_CHECK_BASE_URL} A sign-in page of the network may answer in its place.",
    examples={"found": "HTTP 200, not JSON"},
)
PRICE_UNUSABLE = INVALID_RESPONSE.worded(
    "Eliza Cloud asks for its price to be accepted, but {what}.",
    retryable=False,
    examples={"what": "names no value to accept it with"},
)
MEDIA_TOO_LARGE = INVALID_RESPONSE.worded(
    "Eliza Cloud sent images of more than {size} MiB.", "Ask for fewer images."
)

REDIRECTED = ProblemType(
    code="redirected",
    statuses=(502,),
    title="The answer was a redirect to a host outside this cloud, where the key must not go.",
    remedy="Set the address it leads to as the base URL, if that is the right one.",
    sentence="Eliza Cloud redirected the request{target}; such a redirect is not followed.",
    examples={"target": " to https://example.com"},
)

RATE_LIMITED = ProblemType(
    code="rate_limited",
    statuses=(429,),
    title="Too many requests were made.",
    remedy="Wait a moment, then try again; `Retry-After` says how long.",
    sentence="Eliza Cloud asks to slow down: {said}.",
    retryable=True,
    examples={"said": "Too many requests"},
)

CLOUD_REFUSED_REQUEST = INVALID_REQUEST.worded(
    "Eliza Cloud refused the request as invalid: {said}.", examples={"said": "agentName is too long"}
)

NOT_FOUND = ProblemType(
    code="not_found",
    statuses=(404,),
    title="Eliza Cloud or the provider does not have it.",
    remedy="Check the id (`eliza-cloud agents list`) or the model's name.",
    sentence="Eliza Cloud does not have it: {said}.",
    examples={"said": "Agent not found"},
)

NOT_OFFERED = ProblemType(
    code="not_offered",
    statuses=(404,),
    title="The servers of this Eliza Cloud cannot do what was asked for.",
    remedy="Do without it, or use the cloud's website; nothing was changed.",
    sentence="The servers of this Eliza Cloud cannot {what}.",
    examples={"what": "rename an agent"},
)

MODEL_NOT_FOUND = ProblemType(
    code="model_not_found",
    statuses=(404,),
    title="Eliza Cloud does not have this model or voice.",
    remedy="Choose one that `GET /v1/models` lists.",
    sentence="Eliza Cloud does not have the model or voice {model}: {said}.",
    examples={"model": "gpt-unknown", "said": "Pricing unavailable"},
)
