"""Functions of the interpreter: the bits that compiled programs give, by computing as these do or by calling them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...ir.primitive import Primitive
from ...ir.types import FLOAT32, FLOAT64, is_floating, widened
from ..protocol import EXACT_SIZE, FUNCTIONS

Array = np.ndarray[Any, Any]
Compiled = Callable[..., Array]
_compiled: list[Compiled | None] = [None]


def use(compiled: Compiled | None) -> None:
    """Have functions of arrays whose bits NumPy does not give computed by ``compiled(name, *arrays)``.

    A backend that compiles says this when it starts. Without one, such functions are NumPy's, and a few units in the
    last place away.
    """
    _compiled[0] = compiled


def is_function(op: Primitive, operands: Sequence[Array]) -> bool:
    """Whether ``op`` on ``operands`` is for ``function`` to compute."""
    return op.name in FUNCTIONS and is_floating(operands[0].dtype)


def calls_compiled(name: str, dtype: np.dtype[Any], size: int) -> bool:
    """Whether the function ``name`` of ``size`` numbers of ``dtype`` needs what a compiling backend has."""
    return name in FUNCTIONS and is_floating(dtype) and (dtype == FLOAT64 or size > EXACT_SIZE)


def function(op: Primitive, operands: Sequence[Array]) -> Array:
    """``op``, one of ``FUNCTIONS``, on floating point numbers.

    Half precision is computed in float32 and rounded, up to ``EXACT_SIZE`` numbers of float32 in float64 and rounded;
    what is left is computed by what ``use`` was told, or else by NumPy.
    """
    given, wide = operands[0].dtype, widened(operands[0].dtype)
    exact = [x.astype(wide, copy=False) for x in operands]
    if wide == FLOAT32 and exact[0].size <= EXACT_SIZE:
        made = op.evaluate(*[x.astype(FLOAT64) for x in exact]).astype(FLOAT32)
    else:
        compiled = _compiled[0]
        made = op.evaluate(*exact) if compiled is None else compiled(op.name, *exact)
    return np.asarray(made).astype(given, copy=False)
