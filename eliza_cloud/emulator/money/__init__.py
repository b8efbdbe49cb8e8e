"""Credits: the ledger, hourly hosting charges, metered inference."""
