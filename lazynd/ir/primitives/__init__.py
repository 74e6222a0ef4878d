"""The closed set of primitives, a family a file. Importing this package registers all of them."""

from . import (
    check,
    choice,
    compare,
    convolution,
    counter_hash,
    elementwise,
    factorization,
    fourier,
    hyperbolic,
    linalg,
    loop,
    order,
    reduce,
    shape,
    solve,
    source,
    window,
)

__all__ = [
    "check", "choice", "compare", "convolution", "counter_hash", "elementwise", "factorization", "fourier",
    "hyperbolic", "linalg", "loop", "order", "reduce", "shape", "solve", "source", "window",
]  # fmt: skip
