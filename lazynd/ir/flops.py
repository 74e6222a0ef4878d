"""Floating-point operations, as the field counts them: two for a multiply-add, one for any other arithmetic.

Each primitive says what it takes itself (``Primitive.flops``); an operator takes what its body takes, a loop what its
body takes in all steps, a choice what the dearer branch takes. Counted are sums, products and functions of numbers.
Comparing, choosing (the largest, too), converting, moving and integers are free, and so is what an operator computes
only to decide by it or to index with it. What a convolution takes is what its result, or its operand if that is less,
meets of the window: padding counts as data only where it makes up for that. So its gradients take what it takes.

This is how much arithmetic the mathematics has, the same on every machine. ``backends/costs.py`` estimates another
thing: how long the interpreter takes, where moving costs too and a sine more than a sum.

>>> from lazynd.ops import OPERATORS
>>> from lazynd.ir.types import FLOAT32, Type
>>> types = Type((64, 784), FLOAT32), Type((128, 784), FLOAT32), Type((128,), FLOAT32)
>>> dense, _ = OPERATORS["FullyConnected"].bind(types, {"num_hidden": 128})
>>> flops(dense).count, flops(dense).formula
(12853248, '2 * 64 * 128 * 784 + 8192')
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .derived import root
from .graph import Graph, graph_of, innermost_first, subgraphs
from .node import Node
from .primitive import Primitive
from .specialization import Specialization
from .types import is_floating

#: So many terms of a sum are written out, the largest; the rest is one number.
_TERMS: Final = 6


@dataclass(frozen=True, slots=True)
class Flops:
    """How many operations, and the terms of the sum: each an expression in Python, its number, and how often it comes.

    >>> Flops(14, (("2 * 3", 6, 2), ("2", 2, 1))).formula
    '2 * 2 * 3 + 2'
    """

    count: int
    terms: tuple[tuple[str, int, int], ...] = ()

    @property
    def formula(self) -> str:
        """An expression in Python that gives ``count``; of a long sum the largest terms, and the rest as one number."""
        terms = self.terms
        if len(terms) > _TERMS + 1:
            largest = sorted(terms, key=lambda term: -term[1] * term[2])[:_TERMS]
            terms = tuple([term for term in terms if term in largest])
            rest = self.count - sum(number * times for _, number, times in terms)
            terms += ((str(rest), rest, 1),)
        return " + ".join(text if times == 1 else f"{times} * {text}" for text, _, times in terms) or "0"


NONE: Final = Flops(0)


def flops(spec: Specialization) -> Flops:
    """What ``spec`` takes; remembered by it. At most, where it has loops that may end early, or choices."""
    found = spec.flops
    if found is None:
        for each, graphs in innermost_first(graph_of(spec), _inside):
            each.flops = _of_graphs(each, graphs)
        found = spec.flops
        if found is None:
            found = spec.flops = _of_primitive(spec)
    return found


def steps_of(spec: Specialization) -> int:
    """How often a loop runs its body at most; 1 for what is no loop."""
    return int(spec.attributes.get("length", spec.attributes.get("limit", 1))) if _nests(spec) else 1


def _nests(spec: Specialization) -> bool:
    return isinstance(spec.op, Primitive) and spec.op.nests


def _inside(spec: Specialization) -> Iterable[Graph]:
    if spec.flops is not None:
        return ()
    return subgraphs(spec).values() if spec.body is None else (spec.body,)


def _of_graphs(spec: Specialization, graphs: Iterable[Graph]) -> Flops:
    users = root(spec).op.is_call or spec.body is None
    sums = [_sum(graph.nodes if users else _computing(graph)) for graph in graphs]
    if spec.body is not None:
        return sums[0]
    steps = steps_of(spec)
    if "length" in spec.attributes or "limit" in spec.attributes:  # a loop: its test runs once a step too
        return _times(steps, _added(sums))
    return max(sums, key=lambda each: each.count, default=NONE)


def _sum(nodes: Iterable[Node]) -> Flops:
    return _added(flops(node.spec) for node in nodes if node.spec is not None)


def _computing(graph: Graph) -> list[Node]:
    """The nodes that a floating-point result is computed from: neither indices nor what a choice is made by."""
    reached: set[Node] = set()
    stack = [ref for ref in graph.outputs if is_floating(ref.type.dtype)]
    while stack:
        node = stack.pop().node
        if node not in reached:
            reached.add(node)
            stack += [ref for ref in node.inputs or () if is_floating(ref.type.dtype)]
    return [node for node in graph.nodes if node in reached]


def _of_primitive(spec: Specialization) -> Flops:
    assert isinstance(spec.op, Primitive)
    factors = spec.op.flops(spec) if is_floating(spec.out_types[0].dtype) else ()
    count = math.prod(factors)
    shown = [n for n in factors if n != 1] or [1]
    return Flops(count, ((" * ".join(map(str, shown)), count, 1),)) if factors and count else NONE


def _added(parts: Iterable[Flops]) -> Flops:
    found: dict[tuple[str, int], int] = {}
    for part in parts:
        for text, number, times in part.terms:
            found[text, number] = found.get((text, number), 0) + times
    terms = tuple([(*term, times) for term, times in found.items()])
    return Flops(sum(number * times for _, number, times in terms), terms)


def _times(times: int, part: Flops) -> Flops:
    if not times or not part.count:
        return NONE
    if len(part.terms) == 1:
        ((text, number, before),) = part.terms
        return Flops(times * part.count, ((text, number, times * before),))
    return Flops(times * part.count, ((f"({part.formula})", part.count, times),))
