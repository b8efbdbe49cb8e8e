"""`eliza-cloud demo`: an end-to-end demo of the service against the emulator."""
