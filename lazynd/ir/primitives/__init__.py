"""The closed set of primitives, a family a file. Importing this package registers all of them."""

from . import choice, compare, elementwise, linalg, loop, order, reduce, shape, source

__all__ = ["choice", "compare", "elementwise", "linalg", "loop", "order", "reduce", "shape", "source"]
