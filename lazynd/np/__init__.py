"""A small part of MXNet's NumPy front end: arrays, their arithmetic, reductions and the functions of each element.

Anything else of ``nd`` takes these arrays too, since they are ``NDArray``s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as onp

from .. import nd
from ..ir.types import Context, is_floating
from ..nd.creation import Shape
from ..nd.np_shape import use_np_shape
from ..reference import absent
from .ndarray import FUNCTIONS, Axis, dot, ndarray, reshape, wrap

__all__ = [
    "arange", "array", "concatenate", "dot", "eye", "float32", "float64", "full", "inf", "int32", "int64", "linspace",
    "max", "maximum", "mean", "min", "minimum", "nan", "ndarray", "newaxis", "ones", "pi", "prod", "reshape",
    "stack", "sum", "zeros",
]  # fmt: skip

float32, float64, int32, int64 = onp.float32, onp.float64, onp.int32, onp.int64
pi, inf, nan, newaxis = onp.pi, onp.inf, onp.nan, None
#: Functions of each element, made from the operators of these names.
_ELEMENTWISE: Final = {
    "absolute": "abs", "abs": "abs", "sign": "sign", "exp": "exp", "expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "sqrt": "sqrt", "square": "square", "sin": "sin", "cos": "cos", "tan": "tan",
    "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "floor": "floor", "ceil": "ceil", "trunc": "trunc",
}  # fmt: skip


def array(object: Any, dtype: Any = None, ctx: Context | None = None) -> ndarray:
    """An array of anything array-like, copied; float32 by default.

    >>> import lazynd
    >>> lazynd.np.array([[1, 2], [3, 4]], dtype="int32").sum()
    array(10, dtype=int32)
    """
    return wrap(nd.array(object, ctx, dtype))


@use_np_shape
def zeros(shape: Shape, dtype: Any = "float32", ctx: Context | None = None) -> ndarray:
    """Zeros of ``shape``, which may be (); float32 unless given.

    >>> from lazynd import np
    >>> np.zeros((2, 3)).shape
    (2, 3)
    """
    return wrap(nd.full(shape, 0, ctx, dtype))


@use_np_shape
def ones(shape: Shape, dtype: Any = "float32", ctx: Context | None = None) -> ndarray:
    """Ones of ``shape``, which may be (); float32 unless given.

    >>> from lazynd import np
    >>> np.ones(())
    array(1.)
    """
    return wrap(nd.full(shape, 1, ctx, dtype))


@use_np_shape
def full(shape: Shape, fill_value: float, dtype: Any = "float32", ctx: Context | None = None) -> ndarray:
    """An array of ``shape`` filled with ``fill_value``; float32 unless given.

    >>> from lazynd import np
    >>> np.full((2,), 7)
    array([7., 7.])
    """
    return wrap(nd.full(shape, fill_value, ctx, dtype))


def arange(
    start: float, stop: float | None = None, step: float = 1, dtype: Any = "float32", ctx: Context | None = None
) -> ndarray:
    """Numbers from ``start`` (0 if only one is given) up to ``stop``, ``step`` apart; float32 unless given.

    >>> from lazynd import np
    >>> np.arange(3)
    array([0., 1., 2.])
    """
    return wrap(nd.arange(start, stop, step, ctx=ctx, dtype=dtype))


def linspace(start: float, stop: float, num: int = 50, dtype: Any = "float32", ctx: Context | None = None) -> ndarray:
    """``num`` numbers evenly spaced from ``start`` to ``stop``, which is included; float32 unless given.

    >>> from lazynd import np
    >>> np.linspace(0, 1, 3)
    array([0. , 0.5, 1. ])
    """
    return wrap(nd.linspace(start, stop, num, ctx=ctx, dtype=dtype))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = "float32", ctx: Context | None = None) -> ndarray:
    """Ones on the ``k``-th diagonal of an ``N`` by ``M`` matrix, square by default; float32 unless given.

    >>> from lazynd import np
    >>> np.eye(2)
    array([[1., 0.],
           [0., 1.]])
    """
    return wrap(nd.eye(N, M or 0, k, ctx, dtype))


def concatenate(seq: Sequence[ndarray], axis: int = 0) -> ndarray:
    """Arrays joined along ``axis``.

    >>> from lazynd import np
    >>> np.concatenate([np.zeros((1, 3)), np.ones((2, 3))]).shape
    (3, 3)
    """
    return wrap(nd.concatenate(seq, axis))


def stack(arrays: Sequence[ndarray], axis: int = 0) -> ndarray:
    """Arrays of one shape joined along a new ``axis``.

    >>> from lazynd import np
    >>> np.stack([np.zeros((3,)), np.ones((3,))]).shape
    (2, 3)
    """
    return wrap(nd.stack(*arrays, axis=axis))


def sum(a: ndarray, axis: Axis = None, keepdims: bool = False) -> ndarray:
    """The sum along ``axis``, of everything by default.

    >>> from lazynd import np
    >>> np.sum(np.array([[1, 2], [3, 4]]), axis=0)
    array([4., 6.])
    """
    return a.sum(axis, keepdims)


def mean(a: ndarray, axis: Axis = None, keepdims: bool = False) -> ndarray:
    """The mean along ``axis``, of everything by default.

    >>> from lazynd import np
    >>> np.mean(np.array([1, 2, 6]))
    array(3.)
    """
    return a.mean(axis, keepdims)


def max(a: ndarray, axis: Axis = None, keepdims: bool = False) -> ndarray:
    """The maximum along ``axis``, of everything by default.

    >>> from lazynd import np
    >>> np.max(np.array([[1, 5], [3, 2]]), axis=1)
    array([5., 3.])
    """
    return a.max(axis, keepdims)


def min(a: ndarray, axis: Axis = None, keepdims: bool = False) -> ndarray:
    """The minimum along ``axis``, of everything by default.

    >>> from lazynd import np
    >>> np.min(np.array([[1, 5], [3, 2]]), axis=1)
    array([1., 2.])
    """
    return a.min(axis, keepdims)


def prod(a: ndarray, axis: Axis = None, keepdims: bool = False) -> ndarray:
    """The product along ``axis``, of everything by default.

    >>> from lazynd import np
    >>> np.prod(np.array([2, 3, 4]))
    array(24.)
    """
    return a.prod(axis, keepdims)


@use_np_shape
def maximum(x1: Any, x2: Any) -> ndarray:
    """The larger of each pair of elements; one of the two may be a number.

    >>> from lazynd import np
    >>> np.maximum(np.array([1, 3]), 2)
    array([2., 3.])
    """
    return wrap(nd.maximum(x1, x2))


@use_np_shape
def minimum(x1: Any, x2: Any) -> ndarray:
    """The smaller of each pair of elements; one of the two may be a number.

    >>> from lazynd import np
    >>> np.minimum(np.array([1, 3]), 2)
    array([1., 2.])
    """
    return wrap(nd.minimum(x1, x2))


FUNCTIONS.update({
    onp.concatenate: concatenate, onp.dot: dot, onp.max: max, onp.mean: mean, onp.min: min, onp.prod: prod,
    onp.stack: stack, onp.sum: sum,
})  # fmt: skip


def _elementwise(name: str) -> Any:
    operator = getattr(nd, _ELEMENTWISE[name])

    @use_np_shape
    def function(x: ndarray) -> ndarray:
        floating = is_floating(x.dtype) or name in ("absolute", "abs", "sign", "square", "floor", "ceil", "trunc")
        return wrap(operator(x if floating else x.astype("float32")))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = operator.__doc__
    return function


def __getattr__(name: str) -> Any:
    if name not in _ELEMENTWISE:
        raise absent("np", name)
    made = globals()[name] = _elementwise(name)
    return made


def __dir__() -> list[str]:
    return sorted({*__all__, *_ELEMENTWISE})
