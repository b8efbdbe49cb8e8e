"""How commands reach the running service: endpoint, requests, event stream, errors."""
