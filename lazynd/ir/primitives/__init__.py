"""The closed set of primitives, a family a file. Importing this package registers all of them."""

from . import (
    choice,
    compare,
    convolution,
    elementwise,
    hyperbolic,
    linalg,
    loop,
    order,
    reduce,
    shape,
    source,
    window,
)

__all__ = [
    "choice", "compare", "convolution", "elementwise", "hyperbolic", "linalg", "loop", "order", "reduce", "shape",
    "source", "window",
]  # fmt: skip
