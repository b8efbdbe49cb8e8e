"""What must survive: eliza.json, the agent record, the lock, the token."""
