"""Arrays in MXNet's way: ``NDArray`` and its operators, generated from the registry when first used."""

from __future__ import annotations

from typing import Any

from ..ops import OPERATORS
from . import linalg, random, sparse
from .binary import (
    add,
    divide,
    equal,
    greater,
    greater_equal,
    hypot,
    lesser,
    lesser_equal,
    logical_and,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    modulo,
    multiply,
    not_equal,
    power,
    subtract,
    true_divide,
)  # fmt: skip
from .creation import (
    arange,
    array,
    concatenate,
    empty,
    eye,
    from_numpy,
    full,
    histogram,
    linspace,
    moments,
    moveaxis,
    ones,
    split_v2,
    waitall,
    zeros,
)  # fmt: skip
from .generate import make_function
from .ndarray import NDArray

__all__ = [
    "NDArray", "add", "arange", "array", "concatenate", "divide", "empty", "equal", "eye", "from_numpy", "full",
    "greater", "greater_equal", "histogram", "hypot", "lesser", "lesser_equal", "linalg", "linspace",
    "logical_and", "logical_or", "logical_xor", "maximum", "minimum", "modulo", "moments", "moveaxis", "multiply",
    "not_equal", "ones", "power", "random", "sparse", "split_v2", "subtract", "true_divide", "waitall", "zeros",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name.startswith("random_") and name[7:] in random.__all__:
        return getattr(random, name[7:])
    operator = OPERATORS.get(name)
    if operator is None:
        raise AttributeError(f"module 'lazynd.nd' has no attribute {name!r}")
    made = globals()[name] = make_function(operator, name)
    return made


def __dir__() -> list[str]:
    return sorted({*__all__, *OPERATORS})
