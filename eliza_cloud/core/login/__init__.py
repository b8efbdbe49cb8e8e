"""One browser sign-in as a state machine."""
