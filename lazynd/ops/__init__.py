"""The operators users call, one function each, grouped by family. Importing this package registers them."""

from . import (
    basic_index,
    elementwise,
    heads,
    histogram,
    index,
    linalg,
    nn,
    normalization,
    padding,
    random,
    reduce,
    shape,
    unary,
    view,
)
from .operator import OPERATORS, Operator, every_name, find, op

__all__ = [
    "OPERATORS", "Operator", "basic_index", "elementwise", "every_name", "find", "heads", "histogram", "index", "linalg",
    "nn", "normalization", "op", "padding", "random", "reduce", "shape", "unary", "view",
]  # fmt: skip
