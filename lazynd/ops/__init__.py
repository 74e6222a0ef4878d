"""The operators users call, one function each, grouped by family. Importing this package registers them."""

from . import (
    basic_index,
    control_flow,
    elementwise,
    histogram,
    index,
    linalg,
    nn,
    padding,
    random,
    reduce,
    rnn,
    sequence,
    shape,
    unary,
    view,
)
from .operator import OPERATORS, Operator, every_name, find, op

__all__ = [
    "OPERATORS", "Operator", "basic_index", "control_flow", "elementwise", "every_name", "find", "histogram", "index",
    "linalg", "nn", "op", "padding", "random", "reduce", "rnn", "sequence", "shape", "unary", "view",
]  # fmt: skip
