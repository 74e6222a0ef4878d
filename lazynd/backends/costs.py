"""What it costs to interpret an operator, and what it adds to compiling: estimates, in microseconds of one core.

The figures were measured by ``tools/measure_costs.py``. They decide when a plan is compiled (``runtime/run/tiers.py``)
and so must be the same on every machine and in every run: within a factor of two is good enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from ..ir.flatten import flatten
from ..ir.graph import Graph, graph_of, subgraphs
from ..ir.node import Node
from ..ir.specialization import Specialization


class Cost(NamedTuple):
    """Of one primitive. ``call``: of interpreting it on nothing; ``element``: for each unit of work (``_WORK``).

    ``compiling``: what one more of it adds to compiling a program.
    """

    call: float
    element: float
    compiling: float


#: Compiling a program without operations.
PROGRAM: Final = 28_000.0
#: The usual: an elementwise operation, or one that moves its operand.
USUAL: Final = Cost(1.0, 0.0006, 900.0)
COSTS: Final[dict[str, Cost]] = {}

#: Steps of a loop whose number only the run tells.
_UNKNOWN_STEPS: Final = 16


def _largest(spec: Specialization) -> float:
    """Elements of the largest operand or result."""
    return max([type.size for type in (*spec.in_types, *spec.out_types)], default=0)


def _products(spec: Specialization) -> float:
    a = spec.in_types[0]
    return spec.out_types[0].size * math.prod(a.shape[i] for i in spec.attributes["contract"][0])


def _convolved(spec: Specialization) -> float:
    window = spec.in_types[1]
    return spec.out_types[0].size * window.size / max(window.shape[0] * window.shape[1], 1)


def _windows(spec: Specialization) -> float:
    return spec.out_types[0].size * math.prod(spec.attributes["window"])


#: How much there is to do, where that is not the number of elements.
_WORK: Final[dict[str, Callable[[Specialization], float]]] = {
    "dot_general": _products,
    "convolution": _convolved,
}


def interpreting(spec: Specialization) -> float:
    """Microseconds that the interpreter takes for ``spec``."""
    return _price(spec)[0]


def compiling(specs: Iterable[Specialization]) -> float:
    """Microseconds that compiling a program of ``specs`` takes."""
    return PROGRAM + sum([_price(spec)[1] for spec in specs])


def _price(spec: Specialization) -> tuple[float, float]:
    found = spec.price
    if found is None:
        found = spec.price = _of_graph(flatten(graph_of(spec)))
    return found


def _of_graph(graph: Graph) -> tuple[float, float]:
    prices = [_of_node(node) for node in graph.nodes]
    return sum([run for run, _ in prices]), sum([compiled for _, compiled in prices])


def _of_node(node: Node) -> tuple[float, float]:
    spec = node.spec
    assert spec is not None
    cost = COSTS.get(spec.op.name, USUAL)
    inside = [_of_graph(graph) for graph in subgraphs(spec).values()]
    if inside:
        steps = spec.attributes.get("length", spec.attributes.get("limit", 1))
        return (
            cost.call + steps * sum([run for run, _ in inside]),
            cost.compiling + sum([compiled for _, compiled in inside]),
        )
    work: Any = _WORK.get(spec.op.name, _largest)
    return cost.call + cost.element * work(spec), cost.compiling
