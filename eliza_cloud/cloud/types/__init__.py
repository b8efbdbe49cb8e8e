"""What travels between this machine and the cloud, decoded and checked."""
