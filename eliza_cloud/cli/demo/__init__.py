"""`eliza-cloud demo`: the whole walk of the seed, for real, on this machine."""
