"""Arrays made of numbers: filled, ones on a diagonal, evenly spaced."""

from __future__ import annotations

import math
from typing import Any, Final

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import CPU, FLOAT64, as_dtype, counting, is_floating, require
from .kinds import Device, DType, Real, Scalar, Shape, Wides
from .operator import Operator, op
from .partial import giving


@op(samples=lambda r: [((), {"shape": (2, 3), "value": 1.5})], method=False, differentiable=False, dtypes=giving())
def _full(*, shape: Shape, ctx: Device | None = None, dtype: DType = "float32", value: Scalar) -> Value:
    """An array of ``shape`` filled with ``value``, cast to ``dtype``."""
    return ir.broadcast_to(value, shape)


@op(samples=lambda r: [((), {"shape": (2, 3)})], method=False, differentiable=False, dtypes=giving())
def _zeros(*, shape: Shape, ctx: Device | None = None, dtype: DType = "float32") -> Value:
    """An array of ``shape`` filled with 0."""
    return ir.full(shape, 0, dtype, ctx or CPU)


#: MXNet's codes of dtypes; -1 is one that nothing says.
_CODES: Final = {
    -1: "float32", 0: "float32", 1: "float64", 2: "float16", 3: "uint8", 4: "int32", 5: "int8", 6: "int64", 7: "bool",
    12: "bfloat16",
}  # fmt: skip


@op(samples=lambda r: [((), {"shape": (2, 3)}), ((), {"shape": (2,), "dtype": 4})], method=False, differentiable=False)
def _zeros_without_dtype(*, shape: Shape = (), ctx: Device | None = None, dtype: int = -1) -> Value:
    """An array of ``shape`` filled with 0, of the dtype that ``dtype`` is MXNet's code of; float32 for -1."""
    require(dtype in _CODES, f"Unknown type enum {dtype}")
    return ir.full(shape, 0, as_dtype(_CODES[dtype]), ctx or CPU)


@op(samples=lambda r: [((), {"shape": (2, 3)})], method=False, differentiable=False, dtypes=giving())
def _ones(*, shape: Shape, ctx: Device | None = None, dtype: DType = "float32") -> Value:
    """An array of ``shape`` filled with 1."""
    return ir.full(shape, 1, dtype, ctx or CPU)


@op(samples=lambda r: [((), {"values": (0.5, 2)})], method=False, differentiable=False, dtypes=giving())
def _listed(*, values: Wides, ctx: Device | None = None, dtype: DType = "float32") -> Value:
    """An array of the given numbers."""
    return ir.convert(ir.concatenate([ir.reshape(each, (1,)) for each in values], 0), dtype)


@op(samples=lambda r: [((), {"N": 3, "M": 4, "k": 1})], method=False, differentiable=False, dtypes=giving())
def _eye(*, N: int, M: int = 0, k: int = 0, ctx: Device | None = None, dtype: DType = "float32") -> Value:
    """Ones on the ``k``-th diagonal of an ``N`` by ``M`` matrix (square by default), zeros elsewhere."""
    shape = (N, M or N)
    row, column = (ir.iota(shape, a, context=ctx) for a in (0, 1))
    return ir.convert(column == row + k, dtype)


@op(
    samples=lambda r: [((), {"size": 6, "start": 1.5, "step": 0.5, "repeat": 2})],
    method=False,
    differentiable=False,
    dtypes=giving(),
)
def _evenly_spaced(
    *, size: int, start: Scalar, step: Scalar, repeat: int = 1, ctx: Device | None = None, dtype: DType = "float32"
) -> Value:
    """``size`` numbers from ``start``, ``step`` apart, each ``repeat`` times."""
    count = ir.iota((size // repeat, repeat), 0, counting(dtype), ctx)
    start, step = (ir.convert(each, count.dtype) for each in (start, step))
    return ir.convert(ir.reshape(start + count * step, (size,)), dtype)


def count_of(start: Any, stop: Any, step: Any, repeat: int) -> tuple[int, Any]:
    """How many numbers a range has, each ``repeat`` times, and the first: 0 if ``stop`` is None."""
    low, high = (0, start) if stop is None else (start, stop)
    require(step != 0 and (high - low) / step > 0, f"Invalid range (start, stop, step) = ({low:g},{high:g},{step:g})")
    require(repeat > 0, f"Range only supports repeat > 0, received {repeat}")
    return math.ceil((high - low) / step) * repeat, low


@op(
    samples=lambda r: [((), {"start": 1.5, "stop": 4, "step": 0.5, "repeat": 2}), ((), {"start": 3})],
    method=False,
    differentiable=False,
    shorthand=True,
    dtypes=giving(),
)
def _arange(
    *,
    start: Scalar,
    stop: Scalar | None = None,
    step: Scalar = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: Device | None = None,
    dtype: DType = "float32",
) -> tuple[Operator, dict[str, Any]]:
    """Numbers from ``start`` (0 if only one is given) up to ``stop``, ``step`` apart, each ``repeat`` times.

    How many they are is never inferred from their use: ``infer_range`` needs ``stop`` and changes nothing.
    """
    require(not infer_range or stop is not None, "infer_range needs a symbol to infer from: give stop")
    size, low = count_of(start, stop, step, repeat)
    return _evenly_spaced, {"size": size, "start": low, "step": step, "repeat": repeat, "ctx": ctx, "dtype": dtype}


@op(
    samples=lambda r: [
        ((), {"start": 1.5, "stop": 4, "num": 6}), ((), {"start": 0, "stop": 7, "num": 5, "endpoint": False}),
        ((), {"start": 0, "stop": 7, "num": 4, "dtype": "int32"}), ((), {"start": 2, "stop": 7, "num": 1}),
    ],
    method=False,
    differentiable=False,
    dtypes=giving(),
)  # fmt: skip
def _linspace(
    *,
    start: Real,
    stop: Real | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: Device | None = None,
    dtype: DType = "float32",
    num: int,
    endpoint: bool = True,
) -> Value:
    """``num`` numbers evenly spaced from ``start`` to ``stop``, which is the last if ``endpoint``.

    ``step``, ``repeat`` and ``infer_range`` change nothing.
    """
    require(num >= 0, f"Number of sequence should be non-negative, received {num}")
    require(stop is not None, "stop is missing")
    between = (stop - start) / max(num - endpoint, 1)
    made = counting(dtype) if is_floating(dtype) else FLOAT64  # steps are fractions also where the numbers are not
    first, between = (ir.convert(each, made) for each in (start, between))
    return ir.convert(first + ir.iota((num,), 0, made, ctx) * between, dtype)
