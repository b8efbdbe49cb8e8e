"""One file per resource: its types, its operations (what the document says) and its handlers."""
