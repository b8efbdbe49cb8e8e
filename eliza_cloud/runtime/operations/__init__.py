"""Commands of callers that are more than one event: agents, backups, sign-in, single calls to the cloud."""
