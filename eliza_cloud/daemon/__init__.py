"""The service as a process: composition root, sockets, signals, exit codes, systemd."""
