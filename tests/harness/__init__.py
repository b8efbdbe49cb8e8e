"""What the tests of every folder are made with: processes, services, clouds, clocks, ports, waiting."""
