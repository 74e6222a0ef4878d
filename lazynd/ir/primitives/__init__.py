"""The closed set of primitives, a family a file. Importing this package registers all of them."""

from . import (
    check,
    choice,
    compare,
    convolution,
    elementwise,
    fourier,
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
    "check", "choice", "compare", "convolution", "elementwise", "fourier", "hyperbolic", "linalg", "loop",
    "order", "reduce", "shape", "source", "window",
]  # fmt: skip
