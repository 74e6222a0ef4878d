"""The standard training loops, run in fresh processes, and what they compile."""
