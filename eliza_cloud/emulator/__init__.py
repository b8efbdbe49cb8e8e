"""An Eliza Cloud that runs on this machine, with faults on demand."""
