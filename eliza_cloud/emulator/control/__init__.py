"""`/emulator/*`: what scripts and tests set, on this machine only."""
