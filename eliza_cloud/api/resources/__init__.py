"""One file per resource: its types, its operations (for the document) and its handlers."""
