"""HTTP to the cloud: the request, address checks, timeouts, redirects, errors, server-sent events."""
