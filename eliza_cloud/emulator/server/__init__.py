"""What every part stands on: generation, clock, database, JSON and HTML responses, body validation."""
