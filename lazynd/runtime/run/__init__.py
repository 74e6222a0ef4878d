"""What runs: regions, plans, programs, tiers; liveness; forcing, and recovery from failures."""
