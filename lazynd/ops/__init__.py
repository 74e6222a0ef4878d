"""The operators users call, one function each, grouped by family. Importing this package registers them."""

from . import (
    basic_index,
    control_flow,
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
    rnn,
    sequence,
    shape,
    unary,
    view,
)
from .operator import OPERATORS, Operator, every_name, find, op

__all__ = [
    "OPERATORS", "Operator", "basic_index", "control_flow", "convolution", "elementwise", "every_name", "find",
    "histogram", "index", "linalg", "nn", "op", "padding", "pooling", "random", "reduce", "resampling", "rnn",
    "sequence", "shape", "unary", "view",
]  # fmt: skip
