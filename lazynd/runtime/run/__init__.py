"""What runs: regions, plans, programs, kernels; liveness; forcing, and recovery from failures."""
