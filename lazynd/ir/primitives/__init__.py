"""The closed set of primitives, a family a file. Importing this package registers all of them."""

from . import compare, convolution, elementwise, hyperbolic, linalg, order, reduce, shape, source, window

__all__ = [
    "compare", "convolution", "elementwise", "hyperbolic", "linalg", "order", "reduce", "shape", "source", "window",
]  # fmt: skip
