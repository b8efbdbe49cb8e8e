"""What is derived from the state of a link: status, health, explanation."""
