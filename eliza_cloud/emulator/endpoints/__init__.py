"""HTTP endpoints that all generations share."""
