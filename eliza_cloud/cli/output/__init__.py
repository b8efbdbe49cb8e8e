"""What commands print: tables, text, progress, and the wording of links, agents and events."""
