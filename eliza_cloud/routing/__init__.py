"""Service routing: which road each capability takes (seed: Granular cloud service routing)."""
