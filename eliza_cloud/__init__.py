"""Links a machine to Eliza Cloud."""
