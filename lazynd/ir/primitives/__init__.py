"""The closed set of primitives, a family a file. Importing this package registers all of them."""

from . import compare, elementwise, hyperbolic, linalg, order, reduce, shape, source

__all__ = ["compare", "elementwise", "hyperbolic", "linalg", "order", "reduce", "shape", "source"]
