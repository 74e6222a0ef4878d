"""The operators users call, one function each, grouped by family. Importing this package registers them."""

from . import (
    adaptive_updates,
    assignment,
    basic_index,
    columns,
    control_flow,
    convolution,
    creation,
    deformable,
    detection,
    distributions,
    elementwise,
    heads,
    histogram,
    image,
    index,
    linalg,
    multi_updates,
    nn,
    normalization,
    padding,
    pooling,
    proposals,
    random,
    reduce,
    resampling,
    resizing,
    rnn,
    sampling,
    sequence,
    shape,
    split,
    unary,
    updates,
    view,
)
from .inference import infer_dtypes, infer_shapes, infer_types
from .operator import OPERATORS, Operator, every_name, find, op

__all__ = [
    "OPERATORS", "Operator", "adaptive_updates", "assignment", "basic_index", "columns", "control_flow", "convolution",
    "creation", "deformable", "detection", "distributions", "elementwise", "every_name", "find", "heads", "histogram",
    "image", "index", "infer_dtypes", "infer_shapes", "infer_types", "linalg", "multi_updates", "nn", "normalization",
    "op", "padding", "pooling", "proposals", "random", "reduce", "resampling", "resizing", "rnn", "sampling",
    "sequence", "shape", "split", "unary", "updates", "view",
]  # fmt: skip
