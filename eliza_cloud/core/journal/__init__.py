"""The journal: its entries, and their replay through the machine."""
