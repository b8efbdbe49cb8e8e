"""Service routing: which road each capability takes (local-api §16)."""
