"""One answer about whole arrays: whether they are finite, or nearly equal."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import FLOAT32, FLOAT64, INT64, is_floating, require, require_floats, widened
from .kinds import Wide
from .operator import floats as _f
from .operator import op
from .partial import DTypes, Shapes, giving, same

_UINT8: Final = np.dtype("uint8")


def _answers(known: Shapes, **_: Any) -> None:
    known.learn_output((1,))


def _refuse_to_continue(init_output: bool) -> None:
    require(init_output, "init_output=False continues the answer that out holds: it is for arrays, and needs out")


def is_finite(x: Value) -> Value:
    return ir.abs(x) < math.inf


@op(
    method=False,
    differentiable=False,
    shapes=_answers,
    dtypes=giving("float32"),
    samples=lambda r: [((_f(r, 2, 3),), {}), ((np.array([1, np.nan], "float32"),), {})],
)
def all_finite(data: Value, *, init_output: bool = True) -> Value:
    """1 if all of ``data``, an array of floats, are finite, else 0: float32 of shape (1,).

    ``init_output=False`` is for ``nd.all_finite`` alone, which continues the answer that ``out`` holds.
    """
    return multi_all_finite(data, init_output=init_output)


@op(
    method=False,
    differentiable=False,
    shapes=_answers,
    dtypes=giving("float32"),
    samples=lambda r: [
        ((_f(r, 2, 3), _f(r, 4)), {"num_arrays": 2}),
        ((np.array([1, np.inf], "float32"),), {}),
    ],
)
def multi_all_finite(*data: Value, num_arrays: int = 1, init_output: bool = True) -> Value:
    """1 if all numbers of all arrays, of floats of one dtype, are finite, else 0: float32 of shape (1,).

    ``num_arrays`` is how many they are. ``init_output=False`` is for ``nd.multi_all_finite`` alone, which continues
    the answer that ``out`` holds.
    """
    require(0 < len(data) == num_arrays, f"num_arrays is {num_arrays}, but {len(data)} arrays are given")
    _refuse_to_continue(init_output)
    for each in data:
        require_floats(each.type)
        require(each.dtype == data[0].dtype, f"all arrays must be {data[0].dtype}, got {each.type}")
    bad = [ir.max(ir.convert(~is_finite(ir.reshape(each, (-1,))), FLOAT32)) for each in data if each.size]
    return ir.reshape(1 - functools.reduce(ir.maximum, bad, ir.full((), 0, FLOAT32, data[0].context)), (1,))


def _number(name: str, rule: Callable[[Value], Value], text: str) -> None:
    """Declare a question about each number: what is no float is finite."""

    def function(data: Value) -> Value:
        if not is_floating(data.dtype):
            return ir.full(data.shape, name == "isfinite", data.dtype, data.context)
        return ir.convert(rule(data), data.dtype)

    function.__doc__ = f"1 where a number is {text}, else 0; in the dtype of ``data``."
    samples = np.array([[1, np.nan, np.inf], [-np.inf, 0, -2]], "float32")
    op(
        name=f"_contrib_{name}", method=False, differentiable=False, shapes=same,
        samples=lambda r: [((samples,), {}), ((np.array([1, 2], "int32"),), {})],
    )(function)  # fmt: skip


_number("isnan", lambda x: x != x, "not a number")
_number("isinf", lambda x: ir.abs(x) == math.inf, "infinite")
_number("isfinite", is_finite, "neither NaN nor infinite")


def _close_dtypes(known: DTypes, **_: Any) -> None:
    known.learn_same(None, ())
    known.learn_output(_UINT8)


def _close_shapes(known: Shapes, **_: Any) -> None:
    known.learn_same(None, ())
    known.learn_output(())


@op(
    name="_contrib_allclose",
    method=False,
    differentiable=False,
    shapes=_close_shapes,
    dtypes=_close_dtypes,
    samples=lambda r: [
        ((np.array([1, np.nan], "float32"), np.array([1.001, np.nan], "float32")), {"rtol": 0.01}),
        ((np.array([[1, np.inf]], "float32"), np.array([[1, -np.inf]], "float32")), {}),
        ((np.array([2, 2], "uint8"), np.array([1, 3], "uint8")), {"atol": 1}),
    ],
)
def allclose(a: Value, b: Value, *, rtol: Wide = 1e-5, atol: Wide = 1e-8, equal_nan: bool = True) -> Value:
    """1 if ``a`` is ``b``, or differs by at most ``atol`` plus ``rtol`` times the size of ``b``, everywhere; else 0.

    Infinite numbers are near those that are equal to them alone. NaN is near NaN if ``equal_nan``. Shapes and dtypes
    must be equal. The result is uint8, of no dimensions.
    """
    require(a.type is b.type, f"Incompatible attr in node  at 1-th input: expected {a.type}, got {b.type}")
    if is_floating(a.dtype):
        equal = (a == b) | (a != a) & (b != b) if equal_nan else a == b
        a, b = (ir.convert(each, widened(a.dtype)) for each in (a, b))
        apart, size = ir.abs(a - b), ir.abs(b)
    else:
        equal = a == b
        a, b = (ir.convert(each, INT64) for each in (a, b))
        apart, size = (ir.convert(ir.abs(each), FLOAT64) for each in (a - b, b))
    rtol, atol = (ir.convert(each, apart.dtype) for each in (rtol, atol))
    near = equal | (apart <= atol + rtol * size) & is_finite(size)
    return ir.prod(ir.convert(near, _UINT8))
