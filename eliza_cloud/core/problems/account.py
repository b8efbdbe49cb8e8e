"""The sign-in, the key and the money."""

from eliza_cloud.core.problems.definition import Action, ProblemType, Severity

_SIGN_IN = "Sign in with `eliza-cloud login`."
_SIGN_IN_AGAIN = "Sign in again with `eliza-cloud login`."
_TOP_UP = "Top up; `eliza-cloud credits` shows where."

NOT_SIGNED_IN = ProblemType(
    code="not_signed_in",
    title="Nobody is signed in to Eliza Cloud.",
    remedy=_SIGN_IN,
    severity=Severity.INFO,
    action=Action.SIGN_IN,
    lasts=True,
)

NOT_AUTHENTICATED = ProblemType(
    code="not_authenticated",
    statuses=(401,),
    title="The request needs a sign-in to Eliza Cloud.",
    remedy=_SIGN_IN,
    sentence="Not connected to Eliza Cloud",
    action=Action.SIGN_IN,
)

KEY_REJECTED = ProblemType(
    code="key_rejected",
    statuses=(401, 403),
    title="Eliza Cloud does not accept the API key.",
    remedy="Sign in again with `eliza-cloud login`; the link comes back by itself.",
    sentence="Eliza Cloud does not accept the API key: {said}.",
    action=Action.SIGN_IN,
    lasts=True,
    examples={"said": "Invalid API key"},
)
KEY_MISSING = KEY_REJECTED.worded("There is no API key to call Eliza Cloud with.", _SIGN_IN)
KEY_UNSENDABLE = KEY_REJECTED.worded(
    "The API key contains characters that no key of Eliza Cloud has, so it was not sent.",
    "Check where it was pasted, or sign in with `eliza-cloud login`.",
)
KEY_REFUSED_TWICE = KEY_REJECTED.worded(
    "Eliza Cloud refused the key of {source} twice.", examples={"source": "eliza.json"}
)

KEY_EXPIRING = ProblemType(
    code="key_expiring",
    title="The API key expires soon.",
    remedy="Sign in again with `eliza-cloud login` before it does.",
    severity=Severity.WARNING,
    action=Action.SIGN_IN,
    lasts=True,
)

SIGNED_OUT = ProblemType(
    code="signed_out",
    statuses=(409,),
    title="The machine was signed out before this was done.",
    remedy="Sign in again to see what came of it.",
    action=Action.SIGN_IN,
)

LOGIN_NOT_BEGUN = ProblemType(
    code="login_not_begun",
    statuses=(502,),
    title="Eliza Cloud did not begin a sign-in.",
    remedy="Try `eliza-cloud login` again in a moment.",
    sentence="Failed to create auth session with Eliza Cloud",
)

KEY_UNAVAILABLE = ProblemType(
    code="key_unavailable",
    statuses=(502,),
    title="The sign-in ended without a key that can be collected.",
    remedy=_SIGN_IN_AGAIN,
    sentence="The sign-in ended without a key: {said}.",
    action=Action.SIGN_IN,
    examples={"said": "API key unavailable"},
)
KEY_UNUSABLE = KEY_UNAVAILABLE.worded(
    "The sign-in brought a key with characters that cannot be sent to Eliza Cloud."
)
KEY_NOT_REVOKED = ProblemType(
    code="key_not_revoked",
    title="The API key could not be revoked, so it stays valid at Eliza Cloud.",
    remedy="Delete the key named `CLI Login - <time>` among your API keys at Eliza Cloud.",
    sentence="The API key could not be revoked. {said}.",
    severity=Severity.WARNING,
    examples={"said": "Eliza Cloud did not answer within 5 seconds"},
)
KEY_NOT_REVOCABLE = KEY_NOT_REVOKED.worded(
    "The API key stays valid: this Eliza Cloud revokes none by itself."
)

LOGIN_ENDED = KEY_UNAVAILABLE.worded("{what}", examples={"what": "Session not found or expired"})
KEY_COLLECTED_ELSEWHERE = KEY_UNAVAILABLE.worded("The key of this sign-in was already collected elsewhere.")

CREDITS_EXHAUSTED = ProblemType(
    code="credits_exhausted",
    statuses=(402,),
    title="Eliza Cloud does not start the agent: the balance is too low.",
    remedy="Top up (`eliza-cloud credits` shows where), then connect with `eliza-cloud agents connect`.",
    sentence="Eliza Cloud asks for more credits: {said}.",
    action=Action.TOP_UP,
    lasts=True,
    examples={"said": "Insufficient credits (balance $3.10, needed $5.00)"},
)
BALANCE_TOO_LOW = CREDITS_EXHAUSTED.worded("The balance is ${balance}; Eliza Cloud starts no agent.")

CREDITS_CRITICAL = ProblemType(
    code="credits_critical",
    title="The balance is below $0.50; the agent is about to be stopped.",
    remedy=_TOP_UP,
    sentence="The balance is ${balance}; the running agent is about to be stopped.",
    action=Action.TOP_UP,
    lasts=True,
)

CREDITS_LOW = ProblemType(
    code="credits_low",
    title="The balance is below $2.00.",
    remedy=_TOP_UP,
    sentence="The balance is ${balance}, which is low.",
    severity=Severity.WARNING,
    action=Action.TOP_UP,
    lasts=True,
)

CREDITS_BELOW_MINIMUM = ProblemType(
    code="credits_below_minimum",
    title="The balance is below what a start needs: Eliza Cloud starts no agent, but running ones continue.",
    remedy="Top up before you suspend or restart an agent; `eliza-cloud credits` shows where.",
    sentence="The balance is ${balance}; no agent is started below ${minimum}.",
    severity=Severity.INFO,
    action=Action.TOP_UP,
    lasts=True,
    examples={"minimum": "5.00"},
)

ACCESS_DENIED = ProblemType(
    code="access_denied",
    statuses=(403,),
    title="The key is valid, but not allowed to do this.",
    remedy="Check the account and its organization.",
    sentence="Eliza Cloud does not allow this: {said}.",
    examples={"said": "Forbidden"},
)

AGENT_QUOTA_EXCEEDED = ProblemType(
    code="agent_quota_exceeded",
    statuses=(429,),
    title="The account has as many agents as it may have.",
    remedy="Delete one that is not needed with `eliza-cloud agents shutdown`.",
    sentence="The account has reached its number of agents: {said}.",
    examples={"said": "5 of 5"},
)

BROWSER_REQUIRED = ProblemType(
    code="browser_required",
    statuses=(403,),
    title="Eliza Cloud accepts this from its own web page only.",
    remedy="Open the Eliza Cloud website in a browser to do it there.",
)
PAYMENT_IN_BROWSER = BROWSER_REQUIRED.worded(
    "Eliza Cloud takes crypto payments from its own web page only, not with an API key.",
    "Open {url} in a browser to pay this way.",
    examples={"url": "https://elizacloud.ai/dashboard/settings?tab=billing"},
)

PRICE_CONFIRMATION_REQUIRED = ProblemType(
    code="price_confirmation_required",
    statuses=(428,),
    title="Eliza Cloud starts the agent only after its price has been accepted.",
    remedy="Accept it with `eliza-cloud agents connect`, or set a limit with `cloud.spending.maxHourlyUsd`"
    " and `cloud.spending.maxStartUsd`.",
    sentence="The agent costs ${hourly} an hour, and at least ${minimum} for each start; it was not started.",
    action=Action.ACCEPT_PRICE,
    lasts=True,
    examples={"hourly": "0.01", "minimum": "0.02"},
)
#: What comes before the refusal of a start that was to follow a stop.
NOT_STARTED_AGAIN = "The agent is stopped now, and was not started again."
PRICE_CHANGED = PRICE_CONFIRMATION_REQUIRED.worded(
    "The price has changed since it was accepted, so the agent was not started: {said}.",
    examples={"said": "Dedicated start price is missing or changed"},
)
PRICE_NOT_NAMED = PRICE_CONFIRMATION_REQUIRED.worded(
    "The agent's start has to be paid for, and its price accepted first: {said}.",
    examples={"said": "Dedicated compute is stopped"},
)

BILLING_HOLD_ACTIVE = ProblemType(
    code="billing_hold_active",
    statuses=(402,),
    title="A payment was reversed: Eliza Cloud starts nothing that costs, whatever the balance.",
    remedy="Top up by the outstanding amount; `eliza-cloud credits` shows where.",
    sentence="Eliza Cloud starts nothing that costs until ${outstanding} of a reversed payment are settled:"
    " {said}.",
    action=Action.TOP_UP,
    lasts=True,
    examples={"outstanding": "12.50", "said": "Billing hold active"},
)

ORGANIZATION_INACTIVE = ProblemType(
    code="organization_inactive",
    statuses=(403,),
    title="The account's organization is inactive.",
    remedy="A new sign-in does not help; ask the organization's owner or the support of Eliza Cloud.",
    sentence="Eliza Cloud refuses the account: {said}.",
    lasts=True,
    examples={"said": "Organization is inactive"},
)

QUOTA_EXHAUSTED = ProblemType(
    code="quota_exhausted",
    statuses=(429,),
    title="A quota of the account is used up.",
    remedy="Wait until Eliza Cloud renews it; a few minutes do not help.",
    sentence="A quota of the account is used up: {said}.",
    examples={"said": "Daily quota exhausted"},
)

QUOTE_CHANGED = ProblemType(
    code="quote_changed",
    statuses=(409,),
    title="The quote for the upgrade has changed.",
    remedy="Look at the new one, then confirm that.",
    sentence="Nothing was upgraded, because the quote has changed: {said}.",
    examples={"said": "Quote changed"},
)
