"""Keeping secrets out of text: the `Secret` type, and redaction of text, streams, cloud answers and log lines."""
