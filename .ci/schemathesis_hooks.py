"""What a check of schemathesis must know about this service."""

import schemathesis
from schemathesis.specs.openapi import checks

_TO_AGENTS = {"/api/cloud/agents", "/api/cloud/agents/{agent_id}", "/api/chat", "/api/chat/stream"}

# After ten wrong tokens within a minute a further one is refused with 429, which the check that a wrong token
# is refused takes for none; it has no setting for that.
checks.AUTH_REJECTION_STATUSES = frozenset({*checks.AUTH_REJECTION_STATUSES, 429})


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: object) -> bool:
    """Leave out the character that no agent can store, at any depth: a schema cannot exclude it."""
    operation = context.operation
    return operation is None or operation.path not in _TO_AGENTS or "\\x00" not in repr(body)
