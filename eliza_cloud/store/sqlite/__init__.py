"""The database: the record of the agent and the journal."""
