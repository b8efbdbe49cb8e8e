"""The agents' replies: ELIZA in the doctor's role, with a memory of what was said."""
