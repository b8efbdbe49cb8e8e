"""What can be wrong with a request itself."""

from eliza_cloud.core.problems.definition import ProblemType

_CORRECT_REQUEST = "Correct the request and send it again."

MALFORMED_REQUEST = ProblemType(
    code="malformed_request",
    statuses=(400,),
    title="The request is not well-formed HTTP.",
    remedy="Correct the program that sent it.",
)
BODY_MALFORMED = MALFORMED_REQUEST.worded("The request body broke off or is not well-formed HTTP.")

INVALID_JSON = ProblemType(
    code="invalid_json",
    statuses=(400,),
    title="The request body is not the JSON that the path takes.",
    remedy="Correct the body.",
    sentence="Invalid JSON in request body",
)

BODY_NOT_AN_OBJECT = INVALID_JSON.worded("Request body must be a JSON object")

INVALID_REQUEST = ProblemType(
    code="invalid_request",
    statuses=(400,),
    title="A member of the request is missing or wrong.",
    remedy=_CORRECT_REQUEST,
    sentence="{what}",
    examples={"what": "agentConfig.name must be a string, but it is a number."},
)
PATH_NOT_OF_THE_CLOUD = INVALID_REQUEST.worded("This path has a segment that no path of Eliza Cloud has")
NO_USER_MESSAGE = INVALID_REQUEST.worded("messages must hold a user message with text")
UNUSABLE_ID = INVALID_REQUEST.worded("An empty id was given.", "Give the id that Eliza Cloud shows for it.")
HOLDS_NUL = INVALID_REQUEST.worded(
    "{what} contains the character U+0000, after which an agent can no longer be saved, so it was not sent.",
    "Remove the character and try again.",
    examples={"what": "text"},
)
PRICE_NOT_SENDABLE = INVALID_REQUEST.worded(
    "The accepted price is not a value that Eliza Cloud names.",
    "Give the `acceptanceValue` of the 428 answer as it is.",
)
KEY_NOT_IDEMPOTENT = INVALID_REQUEST.worded(
    "Idempotency-Key must be 8 to 128 letters, digits, dots, underscores, colons or hyphens, and begin with a"
    " letter or digit.",
)
WAKE_AMBIGUOUS = INVALID_REQUEST.worded("An agent wakes from a backup or with a fresh start, not with both.")
NOT_ENCODABLE = INVALID_REQUEST.worded(
    "The request holds text that is not valid Unicode, or is nested too deeply, so it was not sent.",
    "Correct it and try again.",
)

INVALID_AGENT_ID = ProblemType(
    code="invalid_agent_id",
    statuses=(400,),
    title="The agent's id is not a UUID.",
    remedy="Take one from `eliza-cloud agents list`.",
    sentence="Invalid agent ID or cloud not connected",
)

BODY_TOO_SLOW = ProblemType(
    code="body_too_slow",
    statuses=(408,),
    title="The request body did not arrive in time.",
    remedy="Send it again.",
)

BODY_TOO_LARGE = ProblemType(
    code="body_too_large",
    statuses=(413,),
    title="The request body is larger than this path accepts.",
    remedy="Send less.",
    sentence="Request body too large",
)

UNKNOWN_PATH = ProblemType(
    code="unknown_path",
    statuses=(404, 502),
    title="There is nothing at this path.",
    remedy="Correct the path; `/docs` lists those of the service.",
)
UNKNOWN_CLOUD_PATH = UNKNOWN_PATH.worded(
    "Eliza Cloud does not know the path that was requested, which says nothing about the agent.",
    "Try again; if it keeps happening, check the cloud base URL.",
    status=502,
    retryable=True,
)

METHOD_NOT_ALLOWED = ProblemType(
    code="method_not_allowed",
    statuses=(405,),
    title="The path does not accept this method.",
    remedy="Use one that the `Allow` header names.",
    sentence="This path accepts {allowed}, not {method}.",
)

REFUSED = ProblemType(
    code="refused",
    statuses=(400, 411, 413, 414, 417),
    title="The HTTP server refused the request.",
    remedy=_CORRECT_REQUEST,
    sentence="The server refused the request: {reason}.",
    examples={"reason": "Length Required"},
)

NOT_ACCEPTABLE = ProblemType(
    code="not_acceptable",
    statuses=(406,),
    title="The path does not answer with what `Accept` asks for.",
    remedy="Leave `Accept` out, or allow text/event-stream.",
)

UNKNOWN_PAGE = ProblemType(
    code="unknown_page",
    statuses=(404,),
    title="The reference has no page of this name.",
    remedy="Take a name that `/docs` or `eliza-cloud reference --help` lists.",
)

INVALID_LEVEL = ProblemType(
    code="invalid_level",
    statuses=(400,),
    title="The log level is not known.",
    remedy="Use one that the sentence names.",
    sentence="{setting}: expected one of {known}, found {found}",
    examples={"setting": "level", "known": "debug, info, warning, error, critical", "found": '"loud"'},
)
