"""Arrays in MXNet's way: ``NDArray`` and its operators, generated from the registry when first used."""

from __future__ import annotations

from typing import Any

from ..ops import every_name, find
from ..reference import absent
from . import _internal as _internal
from . import contrib, image, linalg, random, sparse
from . import op as op
from . import utils as utils
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
    moveaxis,
    onehot_encode,
    ones,
    split_v2,
    waitall,
    zeros,
)  # fmt: skip
from .custom import Custom
from .dlpack import from_dlpack, to_dlpack_for_read, to_dlpack_for_write
from .files import load, load_frombuffer, save
from .finite import all_finite, multi_all_finite
from .generate import make_function
from .ndarray import NDArray
from .sparse import cast_storage

__all__ = [
    "Custom", "NDArray", "add", "all_finite", "arange", "array", "cast_storage", "concatenate", "contrib", "divide",
    "empty", "equal", "eye", "from_dlpack", "from_numpy", "full", "greater", "greater_equal", "histogram", "hypot",
    "image", "lesser", "lesser_equal", "linalg", "linspace", "load", "load_frombuffer", "logical_and", "logical_or",
    "logical_xor", "maximum", "minimum", "modulo", "moveaxis", "multi_all_finite", "multiply", "not_equal",
    "onehot_encode", "ones", "power", "random", "save", "sparse", "split_v2", "subtract", "to_dlpack_for_read",
    "to_dlpack_for_write", "true_divide", "waitall", "zeros",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name.startswith("random_") and name[7:] in random.__all__ and name != "random_exponential":  # takes a rate
        return getattr(random, name[7:])
    operator = None if name.startswith("__") else find(name)
    if operator is None:
        raise absent("nd", name)
    made = globals()[name] = make_function(operator, name)
    return made


def __dir__() -> list[str]:
    return sorted({*__all__, *every_name()})
