"""What runs: regions of pending work, plans, programs, kernels."""
