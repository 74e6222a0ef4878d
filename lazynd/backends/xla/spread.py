"""Few numbers spread over a large array: what can be done with the few is done with them, and spread after.

XLA would do the same, but moves a broadcast past one operation in each sweep over the program. A chain of fifty after
``nd.ones`` costs it as many sweeps, and it prints on stderr that its simplifier is likely stuck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
import numpy as np
from jax import lax

from ...ir.specialization import Specialization
from ...ir.types import widened

Ints = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """An array of ``shape`` in which dimension ``i`` of ``few`` is dimension ``axes[i]``: a broadcast, still to come.

    ``axes`` rise. Along the others the array is uniform.
    """

    few: jax.Array
    shape: Ints
    axes: Ints

    @property
    def dtype(self) -> Any:
        return self.few.dtype

    def whole(self) -> jax.Array:
        """The array itself."""
        return lax.broadcast_in_dim(self.few, self.shape, self.axes)


def whole(value: Any) -> Any:
    """``value``, an array or what has a form of its own while a graph is lowered, as an array."""
    return value if isinstance(value, jax.Array) or not hasattr(value, "whole") else value.whole()


def moved(spec: Specialization, operands: Sequence[Any]) -> Any:
    """The results of moving or choosing elements of ``operands``, if they are spread like the first of them.

    None if they are not. A value is an array or a ``Spread``.
    """
    name, attributes = spec.op.name, spec.attributes
    if name == "broadcast":
        return _broadcast(operands[0], attributes["shape"], attributes["axes"])
    first = operands[0] if operands else None
    if not isinstance(first, Spread):
        return None
    if name in _OF_ANY and not first.axes:
        return Spread(first.few, spec.out_types[0].shape, ())
    if name == "concatenate":
        return _concatenate(operands, attributes["axis"])
    if name == "dynamic_slice":
        return _dynamic_slice(first, operands[1:], attributes["sizes"])
    if name == "sort":  # which keeps the order of equal keys
        return None if attributes["axis"] in first.axes else tuple(operands) if len(operands) > 1 else first
    rule = _RULES.get(name)
    return rule(first, attributes) if rule is not None and len(operands) == 1 else None


def few_of(operands: Sequence[Any]) -> tuple[list[jax.Array], Spread] | None:
    """The few numbers of ``operands`` that an elementwise operation needs, and the operand whose spread it keeps.

    None if one is no ``Spread``, or two of more than one number each are spread along different axes.
    """
    if not operands or not all(isinstance(each, Spread) for each in operands):
        return None
    like = max(operands, key=lambda each: len(each.axes))
    few = []
    for each in operands:
        if each.axes and (each.few.shape, each.axes) != (like.few.shape, like.axes):
            return None
        few.append(each.few if each.axes else lax.broadcast(each.few, like.few.shape))
    return few, like


def _broadcast(value: Any, shape: Ints, axes: Ints) -> Spread:
    few, places = (value.few, [axes[axis] for axis in value.axes]) if isinstance(value, Spread) else (value, axes)
    # A dimension of length 1 may become longer: then the array is uniform along it.
    kept = [i for i, axis in enumerate(places) if few.shape[i] == shape[axis]]
    if len(kept) < len(places):
        few = few.reshape([few.shape[i] for i in kept])
    return Spread(few, shape, tuple(places[i] for i in kept))


def _transpose(x: Spread, attributes: Mapping[str, Any]) -> Spread:
    order: Ints = attributes["axes"]
    places = [order.index(axis) for axis in x.axes]
    rising = sorted(range(len(places)), key=places.__getitem__)
    few = lax.transpose(x.few, rising) if rising else x.few
    return Spread(few, tuple(x.shape[axis] for axis in order), tuple(sorted(places)))


def _reverse(x: Spread, attributes: Mapping[str, Any]) -> Spread:
    few = lax.rev(x.few, [i for i, axis in enumerate(x.axes) if axis in attributes["axes"]])
    return Spread(few, x.shape, x.axes)


def _reshape(x: Spread, attributes: Mapping[str, Any]) -> Spread | None:
    """Only where dimensions of length 1 along which the array is uniform come or go."""
    old = [axis for axis, extent in enumerate(x.shape) if extent != 1]
    new = [axis for axis, extent in enumerate(attributes["shape"]) if extent != 1]
    same = [x.shape[axis] for axis in old] == [attributes["shape"][axis] for axis in new]
    if not same or not set(x.axes) <= set(old):
        return None
    return Spread(x.few, attributes["shape"], tuple(new[old.index(axis)] for axis in x.axes))


def _slice(x: Spread, attributes: Mapping[str, Any]) -> Spread:
    start, limit, strides = (attributes[name] for name in ("start", "limit", "strides"))
    few = lax.slice(x.few, *([part[axis] for axis in x.axes] for part in (start, limit, strides)))
    shape = tuple(max(-(-(hi - lo) // step), 0) for lo, hi, step in zip(start, limit, strides, strict=True))
    return Spread(few, shape, x.axes)


def _dynamic_slice(x: Spread, starts: Sequence[Any], sizes: Ints) -> Spread:
    corner, extents = [starts[axis] for axis in x.axes], [sizes[axis] for axis in x.axes]
    return Spread(lax.dynamic_slice(x.few, corner, extents, allow_negative_indices=False), sizes, x.axes)


def _concatenate(operands: Sequence[Any], axis: int) -> Spread | None:
    """Along an axis that the few have too, or of the same few all along."""
    first: Spread = operands[0]
    if not all(isinstance(each, Spread) and each.axes == first.axes for each in operands):
        return None
    shape = list(first.shape)
    shape[axis] = sum(each.shape[axis] for each in operands)
    if axis in first.axes:
        few = lax.concatenate([each.few for each in operands], first.axes.index(axis))
        return Spread(few, tuple(shape), first.axes)
    return Spread(first.few, tuple(shape), first.axes) if all(each.few is first.few for each in operands) else None


def _without(x: Spread, attributes: Mapping[str, Any]) -> Spread | None:
    """Without axes along which the array is uniform."""
    gone: Ints = attributes["axes"]
    if any(axis in x.axes or not x.shape[axis] for axis in gone):  # of nothing there is no largest
        return None
    kept = [axis for axis in range(len(x.shape)) if axis not in gone]
    return Spread(x.few, tuple(x.shape[axis] for axis in kept), tuple(map(kept.index, x.axes)))


def _product(x: Spread, attributes: Mapping[str, Any]) -> Spread | None:
    return _without(x, attributes) if all(x.shape[axis] == 1 for axis in attributes["axes"]) else None


def _sum(x: Spread, attributes: Mapping[str, Any]) -> Spread | None:
    """So many times the number, as XLA does it."""
    made, count = _without(x, attributes), math.prod(x.shape[axis] for axis in attributes["axes"])
    if made is None or count == 1:
        return made
    wide = made.few.astype(widened(made.few.dtype))
    times = np.asarray(count).astype(wide.dtype)  # integers wrap round, as their sum does
    return Spread((wide * times).astype(made.few.dtype), made.shape, made.axes)


#: Of one number it is the same number, whatever is chosen.
_OF_ANY: Final = frozenset(("reshape", "gather"))
_RULES: Final[Mapping[str, Callable[[Spread, Mapping[str, Any]], Spread | None]]] = {
    "transpose": _transpose, "reverse": _reverse, "reshape": _reshape, "reduce_sum": _sum,
    "reduce_prod": _product, "reduce_max": _without, "reduce_min": _without, "slice": _slice,
}  # fmt: skip
