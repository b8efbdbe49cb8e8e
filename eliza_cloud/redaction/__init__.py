"""Keeping secrets out of text: the `Secret` type; redaction of text, streams, cloud answers and log lines."""
