"""What a check of schemathesis must know about this service."""

from schemathesis.specs.openapi import checks

# After ten wrong tokens within a minute a further one is refused with 429, which the check that a wrong token
# is refused takes for none; it has no setting for that.
checks.AUTH_REJECTION_STATUSES = frozenset({*checks.AUTH_REJECTION_STATUSES, 429})
