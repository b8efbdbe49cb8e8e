"""The link to the agent, and the commands that change it."""

from eliza_cloud.core.problems.definition import Action, ProblemType

_WHEN_CONNECTED = "Try again when it is connected."

CONNECT_FAILED = ProblemType(
    code="connect_failed",
    title="Connecting to the agent failed.",
    remedy="Read why, then connect again with `eliza-cloud agents connect`.",
    action=Action.CONNECT,
    lasts=True,
)

RETRIES_EXHAUSTED = ProblemType(
    code="retries_exhausted",
    title="No attempt to restore the link succeeded.",
    remedy="Connect again with `eliza-cloud agents connect`, or wait: one more attempt is made once the cloud"
    " answers again (`cloud.bridge.recheckIntervalMs`).",
    action=Action.CONNECT,
    lasts=True,
)

AGENT_RECONNECTING = ProblemType(
    code="agent_reconnecting",
    statuses=(503,),
    title="The link to the agent is being restored.",
    remedy=_WHEN_CONNECTED,
    retryable=True,
)

SUPERSEDED = ProblemType(
    code="superseded",
    statuses=(409,),
    title="A later command replaced this one.",
    remedy="Nothing has to be done.",
)

LINK_NOT_READY = ProblemType(
    code="link_not_ready",
    statuses=(409,),
    title="The link to this agent is still connecting.",
    remedy=_WHEN_CONNECTED,
    retryable=True,
)

LINK_CLOSING = ProblemType(
    code="link_closing",
    statuses=(409,),
    title="The link to this agent is being closed.",
    remedy="Try again in a few seconds.",
    retryable=True,
)

LINK_INTERRUPTED = ProblemType(
    code="link_interrupted",
    statuses=(503,),
    title="The link to the agent ended before this was done.",
    remedy="Check with `eliza-cloud backups list` what came of it.",
    retryable=True,
)

RESPONSE_TRUNCATED = ProblemType(
    code="response_truncated",
    statuses=(502,),
    title="A forwarded response broke off before its end: what was received is not complete.",
    remedy="Try again.",
)
