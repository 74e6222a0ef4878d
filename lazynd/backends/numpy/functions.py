"""Functions in NumPy, with the bits that compiled programs give.

Of ``FUNCTIONS`` every library has its own last digits. Small arrays are computed in double precision and rounded once,
by every backend on the host. For larger ones the interpreter calls what a compiling backend has (``Compiled``), where
it is given that; the reference, which the tests compare compiled programs with, computes them by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ir.primitive import Primitive
from ...ir.specialization import Specialization
from ...ir.types import FLOAT32, FLOAT64, Type, is_floating, widened
from ..protocol import EXACT_SIZE, FUNCTIONS

Array = np.ndarray[Any, Any]
#: The name of one of ``FUNCTIONS`` and its operands, arrays of one type, to its results.
Compiled = Callable[..., Array]
#: One that an interpreter calls: its name, the dtype it is computed in, and how many numbers there are.
Call = tuple[str, np.dtype[Any], int]


def call_of(spec: Specialization) -> Call | None:
    """How the interpreter calls ``spec`` if it is one of ``FUNCTIONS`` of floating point numbers; None if it is not."""
    if spec.op.name not in FUNCTIONS or not is_floating(spec.in_types[0].dtype):
        return None
    return str(spec.op.name), widened(spec.in_types[0].dtype), spec.out_types[0].size


def needs_compiled(call: Call) -> bool:
    """Whether NumPy alone does not give the bits of ``call``."""
    _, dtype, size = call
    return dtype == FLOAT64 or size > EXACT_SIZE


def evaluation(spec: Specialization, compiled: Compiled | None = None) -> Callable[..., Any] | None:
    """What computes ``spec``, one of ``FUNCTIONS``, from operands that broadcast; None if it is no such function.

    Half precision is computed in float32 and rounded at the end.
    """
    call = call_of(spec)
    if call is None:
        return None
    assert isinstance(spec.op, Primitive)
    _, wide, size = call
    given = spec.out_types[0]
    function: Callable[..., Any]
    if wide == FLOAT32 and size <= EXACT_SIZE:
        function = partial(_once, spec.op.evaluate)
    elif compiled is not None:
        function = partial(_called, compiled, spec.op.name, given.shape)
    else:
        function = spec.op.evaluation(wide)
    return function if given.dtype == wide else partial(_widened, function, wide, given)


def _once(evaluate: Callable[..., Any], *operands: Any) -> Any:
    return evaluate(*[x.astype(FLOAT64) for x in operands]).astype(FLOAT32)


def _called(compiled: Compiled, name: str, shape: tuple[int, ...], *operands: Any) -> Any:
    return compiled(name, *[x if x.shape == shape else np.broadcast_to(x, shape) for x in map(np.asarray, operands)])


def _widened(function: Callable[..., Any], wide: np.dtype[Any], given: Type, *operands: Any) -> Any:
    return np.asarray(function(*[x.astype(wide) for x in operands])).astype(given.dtype)
