"""Figures of the design, side by side with jax, NumPy and hand-written programs."""
