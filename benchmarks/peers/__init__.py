"""The same work by lazynd, MXNet 1.9.1, ``jax.jit`` by hand and torch: steady state, first steps, memory.

``python -m benchmarks.peers [NAME ...]`` measures; ``docs/peers.md`` is made from what it writes.
"""
