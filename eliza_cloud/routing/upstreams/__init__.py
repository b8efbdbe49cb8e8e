"""Where a routed request is sent: the upstream of a route, its provider, account and key."""
