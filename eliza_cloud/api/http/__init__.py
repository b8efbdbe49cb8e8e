"""HTTP building blocks of the handlers: bodies, responses, event streams, relays, conditional requests."""
