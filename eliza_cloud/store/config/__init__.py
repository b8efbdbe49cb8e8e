"""`eliza.json` and the environment: reading, validating, writing."""
