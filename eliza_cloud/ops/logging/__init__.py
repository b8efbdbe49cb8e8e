"""The structured log: its set-up, its level, the access log."""
