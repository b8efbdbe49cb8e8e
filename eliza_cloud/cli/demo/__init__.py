"""`eliza-cloud demo`: a whole walk through the service, for real, on this machine."""
