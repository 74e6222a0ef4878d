"""Sums over the steps of a loop, found after it: the gradients of what every step reads.

Adding up one product of matrices a step costs a pass over the sum each time. Stacking the factors and contracting them
once, with the steps as one more contracted axis, gives the same sum from one large product.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from . import build as ir
from .node import Node, Output
from .primitive import Primitive
from .primitives.elementwise import Add
from .primitives.linalg import DotGeneral
from .primitives.reduce import ReduceSum
from .primitives.shape import Broadcast, Pad, Scatter
from .primitives.source import Constant
from .specialization import Op
from .value import Value, wrap

Ref = Node | Output
Key = tuple[Node, int]
#: Factors this many times larger than their product are multiplied step by step: stacking would take the memory.
_MOST: Final = 16


class Sums:
    """The sums of ``terms``, values in the body of a loop.

    ``varying`` are the body's parameters that are rows of sequences, with the sequences; ``constant`` those that do
    not change. The loop is to have ``stacked`` as further outputs, and ``accumulated`` added up in its state;
    ``totals`` then gives the sums.
    """

    def __init__(self, terms: Sequence[Ref], varying: Mapping[Node, Value], constant: Collection[Node]) -> None:
        self.stacked: list[Ref] = []
        self.accumulated: list[Ref] = []
        #: The numbers of both in these lists.
        self._stacks: dict[Key, int] = {}
        self._sums: dict[Key, int] = {}
        self._varying = varying
        self._constant = constant
        self._parts: list[list[_Part]] = [_parts(term) for term in terms]
        everything = [part for parts in self._parts for part in parts]
        for part in everything:
            part.contracted = part.factors is not None and all(map(self._changes, part.factors))
            for factor in part.factors or () if part.contracted else ():
                if self._place(factor) is None:
                    _append(self.stacked, self._stacks, factor)
        for part in everything:
            if part.contracted or self._place(part.ref) is not None:
                continue
            if _sum_is_free(part, self._place):
                part.after = (*part.after, part.ref.node)
                assert part.ref.node.inputs is not None
                part.ref = part.ref.node.inputs[0]
            elif (part.ref.node, part.ref.index) not in self._sums:
                _append(self.accumulated, self._sums, part.ref)

    def _changes(self, ref: Ref) -> bool:
        return ref.node not in self._constant

    def _place(self, ref: Ref) -> Any:
        """Where the stack of ``ref`` is: a sequence, or the number of an output; None if there is none."""
        if not ref.index and ref.node in self._varying:
            return self._varying[ref.node]
        return self._stacks.get((ref.node, ref.index))

    def free(self) -> list[bool]:
        """Of each term, whether products and sums over axes after the loop are all of its sum."""
        return [
            all(part.contracted or (_is_sum(part) and self._place(part.ref) is not None) for part in parts)
            for parts in self._parts
        ]

    def totals(self, accumulated: Sequence[Value], stacks: Sequence[Value]) -> list[Value]:
        """The sums, from what the loop gave."""

        def stack(ref: Ref) -> Value:
            place = self._place(ref)
            return place if isinstance(place, Value) else stacks[place]

        found = []
        for parts in self._parts:
            total: Value | None = None
            for part in parts:
                if part.contracted:
                    made = _contract(part.ref.node, [stack(f) for f in part.factors or ()])
                elif self._place(part.ref) is not None:
                    made = ir.sum(stack(part.ref), 0)
                else:
                    made = accumulated[self._sums[part.ref.node, part.ref.index]]
                for node in reversed(part.after):
                    assert node.spec is not None
                    made = _again(node, made)
                total = made if total is None else total + made
            assert total is not None
            found.append(total)
        return found


def _append(refs: list[Ref], numbers: dict[Key, int], ref: Ref) -> None:
    numbers[ref.node, ref.index] = len(refs)
    refs.append(ref)


class _Part:
    """One summand: the sum of ``ref``, then the linear operations ``after``, the last one first."""

    __slots__ = ("after", "contracted", "factors", "ref")

    def __init__(self, ref: Ref, after: tuple[Node, ...]) -> None:
        self.ref = ref
        self.after = after
        self.factors = _factors(ref)
        self.contracted = False


def _op(ref: Ref) -> Op | None:
    return ref.node.spec.op if ref.node.spec is not None else None


def _again(node: Node, first: Value) -> Value:
    """The operation of ``node`` on ``first`` and on its other operands."""
    assert node.spec is not None and node.inputs is not None
    refs = [first.ref, *node.inputs[1:]]
    made = wrap(node.spec.op.specialize(tuple([ref.type for ref in refs]), node.spec.attributes), refs)
    assert isinstance(made, Value)
    return made


def _parts(term: Ref) -> list[_Part]:
    """``term`` as a sum of parts, linear operations taken off."""
    found: list[_Part] = []
    left: list[tuple[Ref, tuple[Node, ...]]] = [(term, ())]
    while left:
        ref, after = left.pop()
        op, inputs = _op(ref), ref.node.inputs or ()
        if isinstance(op, Add):
            left += [(inputs[1], after), (inputs[0], after)]
        elif isinstance(op, Primitive) and (op.linear or (isinstance(op, Pad) and is_zero(inputs[1]))):
            left.append((inputs[0], (*after, ref.node)))
        else:
            found.append(_Part(ref, after))
    return found


def _factors(ref: Ref) -> tuple[Ref, ...] | None:
    """What is stacked for ``ref``, a product or a scattering of rows; None if it is neither, or would take too much."""
    spec, inputs = ref.node.spec, ref.node.inputs or ()
    if spec is None:
        return None
    product = isinstance(spec.op, DotGeneral)
    if product or (isinstance(spec.op, Scatter) and spec.attributes["mode"] == "add" and is_zero(inputs[0])):
        factors = inputs if product else inputs[1:]
        large = sum(f.type.nbytes for f in factors) > _MOST * max(ref.type.nbytes, 1 << 10)
        return None if large else tuple(factors)
    return None


def _sum_is_free(part: _Part, place: Callable[[Ref], Any]) -> bool:
    """Whether ``part`` sums over axes of what is stacked already."""
    return isinstance(_op(part.ref), ReduceSum) and place((part.ref.node.inputs or ())[0]) is not None


def _is_sum(part: _Part) -> bool:
    """Whether ``part`` was found to sum over axes of what is stacked."""
    if not part.after or not isinstance(_op(part.after[-1]), ReduceSum):
        return False
    return part.ref.type.size > part.after[-1].type.size  # an axis of length 1 is no sum


def _contract(node: Node, stacks: Sequence[Value]) -> Value:
    """The sum over steps of ``node``, from the stacks of its factors."""
    assert node.spec is not None and node.inputs is not None
    attributes = node.spec.attributes
    if isinstance(node.spec.op, Scatter):
        zeros = ir.full(node.type.shape, 0, node.type.dtype, node.type.context)
        return ir.scatter(zeros, stacks[0], stacks[1:], attributes["axes"], "add")
    contract, batch = attributes["contract"], attributes["batch"]

    def shifted(axes: Sequence[int]) -> tuple[int, ...]:
        return tuple(axis + 1 for axis in axes)

    steps = ((0, *shifted(contract[0])), (0, *shifted(contract[1])))
    return ir.dot_general(stacks[0], stacks[1], steps, (shifted(batch[0]), shifted(batch[1])))


def is_zero(ref: Ref) -> bool:
    """Whether ``ref`` is zero everywhere, as a constant or its broadcast."""
    if isinstance(_op(ref), Broadcast):
        ref = (ref.node.inputs or ())[0]
    spec = ref.node.spec
    return spec is not None and isinstance(spec.op, Constant) and bool(np.all(spec.attributes["value"] == 0))
