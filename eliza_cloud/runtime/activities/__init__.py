"""The loops that states own: connect, heartbeat, backup, credits, key check, sign-in poll, suspend detection."""
