"""Arrays whose axes lie in memory in another order than the graph says, while a graph is lowered for a CPU.

XLA's convolution reads and writes the channels last, and its kernel as ``kernels.AXES`` says. So what a convolution
gives is a ``View``, and what is computed from that is one as far as the rules here go: the arithmetic between two
convolutions, pooling, sums and concatenations then have the order of the arrays that they meet, and nothing is
transposed between the first convolution and the last. Transposing a view, reversing it, and adding an axis of length 1
moves nothing. Whatever has no rule gets the array in the order of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax
from jax import lax

from ...ir.primitive import Primitive
from ...ir.specialization import Specialization
from .spread import Spread

Ints = tuple[int, ...]
#: The results of a primitive of ``spec`` on arrays, with other attributes.
Apply = Callable[[Sequence[Any], Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class View:
    """An array of which axis ``i`` is axis ``order[i]`` of ``array``; those in ``flipped`` run backwards."""

    array: jax.Array
    order: Ints
    flipped: frozenset[int] = frozenset()

    @property
    def shape(self) -> Ints:
        return tuple([self.array.shape[axis] for axis in self.order])

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    def whole(self) -> jax.Array:
        """The array itself."""
        made = lax.transpose(self.array, self.order)
        return lax.rev(made, sorted(self.flipped)) if self.flipped else made


def places(order: Ints) -> Ints:
    """The axes of the graph in the order in which they lie in memory."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def laid_out(value: Any, order: Ints) -> jax.Array:
    """``value`` with its axis ``i`` at ``order[i]``."""
    if isinstance(value, Spread):
        at = [order[axis] for axis in value.axes]
        rising = sorted(range(len(at)), key=at.__getitem__)
        few = lax.transpose(value.few, rising) if rising else value.few
        return lax.broadcast_in_dim(few, [value.shape[axis] for axis in places(order)], sorted(at))
    if isinstance(value, View):
        if value.order == order and not value.flipped:
            return value.array
        value = value.whole()
    return lax.transpose(value, places(order))


def followed(spec: Specialization, operands: Sequence[Any], apply: Apply) -> Any:
    """The results of a primitive on ``operands``, some of them views, in the first one's order; None without a rule."""
    name, attributes = spec.op.name, spec.attributes
    first = next(each for each in operands if isinstance(each, View))
    if name in _MOVED:
        return _MOVED[name](first, attributes)
    if any(each.flipped for each in operands if isinstance(each, View)):
        return None
    order = first.order
    if (isinstance(spec.op, Primitive) and spec.op.elementwise) or name == "concatenate":
        if any(len(each.shape) != len(order) for each in operands):
            return None
        arrays = [laid_out(each, order) for each in operands]
        return _viewed(apply(arrays, _permuted(name, attributes, order)), order)
    if name in _REDUCING:
        return _reduced(first, attributes["axes"], apply)
    if name in _WINDOWS or name in ("pad", "slice"):
        rest = operands[1:]  # of padding, the number
        if operands[0] is not first or (name == "window_argmax" and not _keeps(order, attributes["window"])):
            return None
        return _viewed(apply([first.array, *rest], _permuted(name, attributes, order)), order)
    return None


def _viewed(made: Any, order: Ints) -> View:
    (array,) = made if isinstance(made, tuple) else (made,)
    return View(array, order)


def _permuted(name: str, attributes: Mapping[str, Any], order: Ints) -> Mapping[str, Any]:
    """``attributes`` for the axes as they lie in memory."""
    if name == "concatenate":
        return {"axis": order[attributes["axis"]]}
    if name not in _WINDOWS and name not in ("pad", "slice"):
        return attributes
    return {key: tuple([numbers[axis] for axis in places(order)]) for key, numbers in attributes.items()}


def _keeps(order: Ints, window: Ints) -> bool:
    """Whether the places of a window are numbered as before."""
    met = [order[axis] for axis, extent in enumerate(window) if extent > 1]
    return met == sorted(met)


def _reduced(x: View, axes: Ints, apply: Apply) -> View:
    made = apply([x.array], {"axes": tuple(sorted(x.order[axis] for axis in axes))})
    left = [at for axis, at in enumerate(x.order) if axis not in axes]
    rank = {at: number for number, at in enumerate(sorted(left))}
    return _viewed(made, tuple([rank[at] for at in left]))


def _transposed(x: View, attributes: Mapping[str, Any]) -> View:
    axes: Ints = attributes["axes"]
    flipped = frozenset(number for number, axis in enumerate(axes) if axis in x.flipped)
    return View(x.array, tuple([x.order[axis] for axis in axes]), flipped)


def _reversed(x: View, attributes: Mapping[str, Any]) -> View:
    turned = frozenset(axis for axis in attributes["axes"] if x.shape[axis] > 1)
    return View(x.array, x.order, x.flipped ^ turned)


def reshaped(x: View, attributes: Mapping[str, Any]) -> View | None:
    """Where axes of length 1 come or go: those that there are then lie last."""
    old = [axis for axis, extent in enumerate(x.shape) if extent != 1]
    new = [axis for axis, extent in enumerate(attributes["shape"]) if extent != 1]
    if [x.shape[axis] for axis in old] != [attributes["shape"][axis] for axis in new]:
        return None
    rank = {at: number for number, at in enumerate(sorted(x.order[axis] for axis in old))}
    order = {axis: rank[x.order[before]] for before, axis in zip(old, new, strict=True)}
    for axis in range(len(attributes["shape"])):
        order.setdefault(axis, len(order))
    shape = [attributes["shape"][axis] for axis in sorted(order, key=order.__getitem__)]
    array = lax.reshape(x.array, shape)
    flipped = frozenset(axis for before, axis in zip(old, new, strict=True) if before in x.flipped)
    return View(array, tuple([order[axis] for axis in range(len(order))]), flipped)


_REDUCING: Final = frozenset(("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_max_unless_nan"))
_WINDOWS: Final = frozenset(("reduce_window_sum", "reduce_window_max", "window_argmax"))
_MOVED: Final[Mapping[str, Callable[[View, Mapping[str, Any]], View | None]]] = {
    "transpose": _transposed, "reverse": _reversed, "reshape": reshaped,
}  # fmt: skip
