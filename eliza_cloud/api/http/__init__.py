"""HTTP building blocks of the handlers: bodies, responses, server-sent events, relays, conditional requests."""
