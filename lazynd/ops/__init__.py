"""The operators users call, one function each, grouped by family. Importing this package registers them."""

from . import (
    basic_index,
    convolution,
    elementwise,
    histogram,
    index,
    linalg,
    nn,
    padding,
    pooling,
    random,
    reduce,
    resampling,
    shape,
    unary,
    view,
)
from .operator import OPERATORS, Operator, every_name, find, op

__all__ = [
    "OPERATORS", "Operator", "basic_index", "convolution", "elementwise", "every_name", "find", "histogram", "index",
    "linalg", "nn", "op", "padding", "pooling", "random", "reduce", "resampling", "shape", "unary", "view",
]  # fmt: skip
