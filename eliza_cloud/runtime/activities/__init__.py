"""Loops owned by states: connect, heartbeat, backup, credits, key check, login poll, suspend detection."""
