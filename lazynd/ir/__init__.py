"""What a graph is: types, nodes, primitives, printing, parsing, verifying, gradient. Imports nothing of ours."""

from . import primitives

__all__ = ["primitives"]
