"""The doctor: what stands between this machine and a link that works, found without changing anything."""
