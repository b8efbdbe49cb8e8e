"""The `serviceRouting` section: its types, parsing, effective table, edits, migration and reload."""
