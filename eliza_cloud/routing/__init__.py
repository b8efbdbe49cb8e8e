"""Service routing: which upstream each capability uses (local-api §16)."""
