"""NumPy's functions of our arrays: those that are the same here are recorded, all others get copies as NumPy's arrays.

NumPy calls ``__array_function__`` of an array that one of its functions is given (its NEP 18). The functions here have
NumPy's names and parameters, as far as an operator of ours computes the same shapes, dtypes and values; whoever passes
others, or values that an operator means otherwise, gets NumPy's own answer. So does everything that is not here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..ir.types import is_floating
from ..ops import OPERATORS
from ..runtime.tell.location import calling_frame
from .handle import Handle
from .invoke import invoke
from .refusal import refusal

Axes = int | Sequence[int] | None
#: What is recorded for a function of NumPy's.
Table = dict[Callable[..., Any], Callable[..., Any]]
_OURS: Final[Table] = {}
#: The class of results; set by ``ndarray``, which needs this module.
RESULT: Final[list[Any]] = []
#: NumPy's functions that write to their first argument.
_WRITING: Final = frozenset((np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask))


def call(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], table: Table = _OURS) -> Any:
    """NumPy's ``function`` of arguments among which are arrays of ours."""
    ours = table.get(function)
    if ours is not None:
        signature = inspect.signature(ours)
        named = {name: value for name, value in kwargs.items() if value is not None or name in signature.parameters}
        try:
            signature.bind(*args, **named)
        except TypeError:  # it is given more than the operator can do
            pass
        else:
            made = ours(*args, **named)
            if made is not NotImplemented:
                return made
    return _of_copies(function, args, kwargs)


def _of_copies(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    name = getattr(function, "__name__", str(function))
    if isinstance(kwargs.get("out"), Handle) or (function in _WRITING and args and isinstance(args[0], Handle)):
        reason = "it would write to a copy of the array's values: assign what it gives, x[:] = ..."
        raise refusal(TypeError, f"numpy.{name}", reason, args, kwargs, calling_frame())
    return function(*map(_copied, args), **{key: _copied(value) for key, value in kwargs.items()})


def _copied(value: Any) -> Any:
    if isinstance(value, Handle):
        return value.asnumpy()
    if value.__class__ in (list, tuple):
        return value.__class__(map(_copied, value))
    return value


def _maps(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates what is recorded for NumPy's ``function``, ``NotImplemented`` where that would not be the same."""

    def register(ours: Callable[..., Any]) -> Callable[..., Any]:
        _OURS[function] = ours
        return ours

    return register


def _apply(name: str, arrays: Sequence[Handle], *attributes: Any) -> Any:
    cells = [each._cell for each in arrays]
    return RESULT[0](invoke(OPERATORS[name], cells, attributes, calling_frame())[0])


def _ours(*values: Any) -> bool:
    """Whether all are arrays of ours, of one dtype and device."""
    return all(isinstance(value, Handle) for value in values) and len({v._cell.type.dtype for v in values}) == 1


# -------------------------------------------------------------------------------------------- what it is


@_maps(np.shape)
def _shape(a: Any) -> Any:
    return a.shape if _ours(a) else NotImplemented


@_maps(np.ndim)
def _ndim(a: Any) -> Any:
    return a.ndim if _ours(a) else NotImplemented


@_maps(np.size)
def _size(a: Any) -> Any:
    return a.size if _ours(a) else NotImplemented


# -------------------------------------------------------------------------------------------- reductions


def _reduction(function: Callable[..., Any], name: str, any_dtype: bool) -> None:
    """Sums and means of integers have other dtypes in NumPy."""

    @_maps(function)
    def reduced(a: Any, axis: Axes = None, *, keepdims: bool = False) -> Any:
        if not _ours(a) or not a.size or not (any_dtype or is_floating(a._cell.type.dtype)):
            return NotImplemented
        return _apply(name, [a], axis, bool(keepdims))


for _function, _name, _any in (
    (np.sum, "sum", False), (np.mean, "mean", False), (np.prod, "prod", False), (np.max, "max", True),
    (np.min, "min", True), (np.amax, "max", True), (np.amin, "min", True),
):  # fmt: skip
    _reduction(_function, _name, _any)


# -------------------------------------------------------------------------------------------- shapes


@_maps(np.transpose)
def _transpose(a: Any, axes: Sequence[int] | None = None) -> Any:
    return _apply("transpose", [a], () if axes is None else tuple(axes)) if _ours(a) else NotImplemented


@_maps(np.swapaxes)
def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    return _apply("SwapAxis", [a], axis1, axis2) if _ours(a) else NotImplemented


@_maps(np.expand_dims)
def _expand_dims(a: Any, axis: int) -> Any:
    return _apply("expand_dims", [a], axis) if _ours(a) and isinstance(axis, int) else NotImplemented


@_maps(np.squeeze)
def _squeeze(a: Any, axis: Axes = None) -> Any:
    return _apply("squeeze", [a], axis) if _ours(a) else NotImplemented


@_maps(np.reshape)
def _reshape(a: Any, shape: int | Sequence[int]) -> Any:
    extents = [shape] if isinstance(shape, int) else list(shape)
    if not _ours(a) or not extents or any(n == 0 or n < -1 for n in extents):  # codes of MXNet's, or no elements
        return NotImplemented
    return a.reshape(tuple(extents))


@_maps(np.broadcast_to)
def _broadcast_to(array: Any, shape: int | Sequence[int]) -> Any:
    extents = (shape,) if isinstance(shape, int) else tuple(shape)
    return array.broadcast_to(extents) if _ours(array) and 0 not in extents else NotImplemented


@_maps(np.flip)
def _flip(m: Any, axis: Axes = None) -> Any:
    axes = tuple(range(m.ndim)) if axis is None else axis
    return _apply("reverse", [m], axes) if _ours(m) else NotImplemented


# -------------------------------------------------------------------------------------------- several arrays


@_maps(np.concatenate)
def _concatenate(arrays: Sequence[Any], axis: int = 0) -> Any:
    listed = list(arrays)
    return _apply("Concat", listed, axis) if _ours(*listed) and axis is not None else NotImplemented


@_maps(np.stack)
def _stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    listed = list(arrays)
    return _apply("stack", listed, axis) if _ours(*listed) else NotImplemented


@_maps(np.where)
def _where(condition: Any, x: Any, y: Any) -> Any:
    alike = isinstance(condition, Handle) and _ours(x, y) and condition.shape == x.shape == y.shape
    return _apply("where", [condition, x, y]) if alike else NotImplemented


@_maps(np.dot)
def _dot(a: Any, b: Any) -> Any:
    alike = _ours(a, b) and is_floating(a._cell.type.dtype) and a.ndim == 2 and b.ndim == 2
    return _apply("dot", [a, b]) if alike else NotImplemented


# -------------------------------------------------------------------------------------------- elements


@_maps(np.clip)
def _clip(a: Any, a_min: float, a_max: float) -> Any:
    numbers = all(isinstance(n, int | float) for n in (a_min, a_max))
    return _apply("clip", [a], a_min, a_max) if _ours(a) and numbers else NotImplemented


@_maps(np.zeros_like)
def _zeros_like(a: Any) -> Any:
    return _apply("zeros_like", [a]) if _ours(a) else NotImplemented


@_maps(np.ones_like)
def _ones_like(a: Any) -> Any:
    return _apply("ones_like", [a]) if _ours(a) else NotImplemented
