"""What every request passes through: request id, errors, allowed hosts, CORS, the token."""
